// SPDX-License-Identifier: GPL-2.0-only
/* The functions as QEMU sees them: types, PCI capabilities, SR-IOV, resets, life and death. */
#include "qemu/osdep.h"
#include "qemu/guest-random.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/pci/pcie_sriov.h"
#include "cmd.h"
#include "res.h"
#include "track.h"

enum {
	PF_BAR_SIZE = 32 << 20,
	PF_VECTORS = 64,
	VF_VECTORS = 12,
	MSIX_TABLE = 0x2000,
	MSIX_PBA = 0x3000,

	CAP_EXPRESS = 0x60,
	CAP_MSIX = 0x9c,
	CAP_VENDOR = 0xc0,
	CAP_VENDOR_SIZE = 0x18,
	CAP_ARI = 0x100,
	CAP_AER = 0x120,
	CAP_SRIOV = 0x180,
};

static const uint8_t bar_type =
	PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;

static struct lab_pf *lab_pf(PCIDevice *pci)
{
	return container_of(lab_function_of(pci), struct lab_pf, fn);
}

static struct lab_vf *lab_vf(PCIDevice *pci)
{
	return container_of(lab_function_of(pci), struct lab_vf, fn);
}

/* VF @number, from 0, or NULL when it does not exist at present. */
struct lab_vf *lab_vf_at(struct lab_pf *pf, unsigned int number)
{
	PCIDevice *pci = pcie_sriov_get_vf_at_index(&pf->fn.pci, number);

	return pci ? lab_vf(pci) : NULL;
}

struct lab_vf *lab_vf_by_vhca(struct lab_pf *pf, uint16_t vhca_id)
{
	return vhca_id > LAB_VHCA_BASE ? lab_vf_at(pf, vhca_id - LAB_VHCA_BASE - 1) : NULL;
}

uint16_t lab_vhca_id(const struct lab_function *fn)
{
	return LAB_VHCA_BASE + fn->number;
}

/* Whether the function is suspended, on one side or both: it sends nothing of its own, to memory or as an interrupt. */
bool lab_asleep(const struct lab_function *fn)
{
	return fn->number && container_of(fn, struct lab_vf, fn)->state.suspended;
}

/* Forgets all that a driver made: commands not answered, event queues, keys, the queue itself. */
void lab_function_forget(struct lab_function *fn)
{
	lab_cmd_forget(fn);
	for (unsigned int i = 0; i < LAB_EQS; i++) {
		lab_eq_free(fn->eqs[i]);
		fn->eqs[i] = NULL;
	}
	lab_res_free(fn);
	lab_res_init(fn);
	fn->queue = 0;
	fn->nic_interface = 0;
}

static bool init_msix(struct lab_function *fn, unsigned int vectors, Error **errp)
{
	if (msix_init(&fn->pci, vectors, &fn->bar, 0, MSIX_TABLE, &fn->bar, 0, MSIX_PBA, CAP_MSIX, errp))
		return false;
	for (unsigned int i = 0; i < vectors; i++)
		msix_vector_use(&fn->pci, i);
	return true;
}

static bool init_express(struct lab_function *fn, Error **errp)
{
	int position = pcie_endpoint_cap_init(&fn->pci, CAP_EXPRESS);

	if (position < 0) {
		error_setg(errp, "no room for the PCI Express capability");
		return false;
	}
	pcie_cap_flr_init(&fn->pci);
	pcie_cap_deverr_init(&fn->pci);
	pcie_ari_init(&fn->pci, CAP_ARI, 1);
	return pcie_aer_init(&fn->pci, PCI_ERR_VER, CAP_AER, PCI_ERR_SIZEOF, errp) >= 0;
}

static void init_seats(struct lab_pf *pf)
{
	for (unsigned int i = 0; i <= LAB_VFS_MAX; i++) {
		pf->seats[i].migratable = true;
		pf->seats[i].pages = g_array_new(false, false, sizeof(uint64_t));
		g_queue_init(&pf->seats[i].line);
	}
}

/* The driver wants a vendor capability; one that is all zero says that it gives access to nothing. */
static void pf_realize(PCIDevice *pci, Error **errp)
{
	struct lab_pf *pf = lab_pf(pci);

	if (!pf->seed)
		qemu_guest_getrandom_nofail(&pf->seed, sizeof(pf->seed));
	init_seats(pf);
	pf->fn.pf = pf;
	lab_res_init(&pf->fn);
	lab_segment_init(&pf->fn, PF_BAR_SIZE, PF_BAR_SIZE);
	pci_register_bar(pci, 0, bar_type, &pf->fn.bar);
	if (!init_express(&pf->fn, errp) || !init_msix(&pf->fn, PF_VECTORS, errp))
		return;
	if (pci_add_capability(pci, PCI_CAP_ID_VNDR, CAP_VENDOR, CAP_VENDOR_SIZE, errp) < 0)
		return;
	pcie_sriov_pf_init(pci, CAP_SRIOV, TYPE_LAB_VF, LAB_VF_DEVICE_ID, pf->num_vfs, pf->num_vfs, 1, 1);
	pcie_sriov_pf_init_vf_bar(pci, 0, bar_type, LAB_VF_BAR_SIZE);
}

static void function_exit(struct lab_function *fn)
{
	lab_function_forget(fn);
	lab_res_free(fn);
	msix_uninit(&fn->pci, &fn->bar, &fn->bar);
	pcie_aer_exit(&fn->pci);
	pcie_cap_exit(&fn->pci);
}

static void pf_exit(PCIDevice *pci)
{
	struct lab_pf *pf = lab_pf(pci);

	lab_cmd_forget(&pf->fn);
	pcie_sriov_pf_exit(pci);
	function_exit(&pf->fn);
	for (unsigned int i = 0; i <= LAB_VFS_MAX; i++)
		g_array_free(pf->seats[i].pages, true);
}

/* Pages that the firmware holds are forgotten too: after a reset the driver reclaims them without asking. */
static void pf_reset(DeviceState *dev)
{
	struct lab_pf *pf = lab_pf(PCI_DEVICE(dev));

	pf->fatal = false;
	pcie_sriov_pf_disable_vfs(&pf->fn.pci);
	lab_function_forget(&pf->fn);
	for (unsigned int i = 0; i <= LAB_VFS_MAX; i++) {
		g_array_set_size(pf->seats[i].pages, 0);
		pf->seats[i].enabled = false;
	}
}

/*
 * How many VFs can be created. The host looks when it finds the PF: on a running machine it must remove the PF and scan
 * for it again, as after a change in the configuration of a real one.
 */
bool lab_set_total_vfs(struct lab_pf *pf, uint64_t count, Error **errp)
{
	uint8_t *cap = pf->fn.pci.config + CAP_SRIOV;

	if (DEVICE(pf)->realized && pcie_sriov_num_vfs(&pf->fn.pci)) {
		error_setg(errp, "num-vfs cannot change while there are VFs");
		return false;
	}
	pf->num_vfs = count;
	if (DEVICE(pf)->realized) {
		pci_set_word(cap + PCI_SRIOV_INITIAL_VF, count);
		pci_set_word(cap + PCI_SRIOV_TOTAL_VF, count);
	}
	return true;
}

static void pf_config_write(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
	pci_default_write_config(pci, address, value, length);
	pcie_cap_flr_write_config(pci, address, value, length);
	pcie_aer_write_config(pci, address, value, length);
	pcie_sriov_config_write(pci, address, value, length);
}

/* New contents, never seen before: the seed grows out of the VF's number and the count of its resets. */
static void new_state(struct lab_vf *vf)
{
	struct lab_pf *pf = vf->fn.pf;
	uint64_t seed = lab_mix(pf->seed ^ lab_mix((uint64_t)vf->fn.number << 32 | vf->resets));

	lab_state_init(&vf->state, pf->state_size, seed, pf->evolve_us, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
	vf->dropped = 0;
}

static void vf_realize(PCIDevice *pci, Error **errp)
{
	struct lab_vf *vf = lab_vf(pci);

	vf->fn.pf = lab_pf(pcie_sriov_get_pf(pci));
	vf->fn.number = pcie_sriov_vf_number(pci) + 1;
	lab_res_init(&vf->fn);
	new_state(vf);
	lab_segment_init(&vf->fn, LAB_VF_BAR_SIZE, LAB_REGS_OFFSET);
	lab_vf_regs_init(vf);
	pcie_sriov_vf_register_bar(pci, 0, &vf->fn.bar);
	if (init_express(&vf->fn, errp))
		init_msix(&vf->fn, VF_VECTORS, errp);
}

static void vf_exit(PCIDevice *pci)
{
	struct lab_vf *vf = lab_vf(pci);

	lab_cmd_abort(vf->fn.pf, vf->fn.number);
	lab_track_function_reset(vf->fn.pf, vf->fn.number);
	function_exit(&vf->fn);
	lab_state_free(&vf->state);
}

/* The state and what the PF's driver asked of it go; the new one runs. */
void lab_vf_wipe(struct lab_vf *vf)
{
	lab_cmd_abort(vf->fn.pf, vf->fn.number);
	lab_track_function_reset(vf->fn.pf, vf->fn.number);
	lab_vf_dma_reset(vf);
	lab_state_free(&vf->state);
	new_state(vf);
}

/* A function level reset: migration commands are aborted, the driver's things go, the state is wiped, suspension ends. */
static void vf_reset(DeviceState *dev)
{
	struct lab_vf *vf = lab_vf(PCI_DEVICE(dev));

	/* The reset at its birth is none that anybody asked for. */
	vf->resets += dev->realized;
	lab_vf_wipe(vf);
	lab_function_forget(&vf->fn);
}

static void vf_config_write(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
	pci_default_write_config(pci, address, value, length);
	pcie_cap_flr_write_config(pci, address, value, length);
	pcie_aer_write_config(pci, address, value, length);
}

static void function_class(ObjectClass *oc, uint16_t device_id, const char *description)
{
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

	pc->vendor_id = LAB_VENDOR_ID;
	pc->device_id = device_id;
	pc->class_id = 0x0207;		/* InfiniBand controller */
	DEVICE_CLASS(oc)->desc = description;
	set_bit(DEVICE_CATEGORY_NETWORK, DEVICE_CLASS(oc)->categories);
}

static void pf_class_init(ObjectClass *oc, void *data)
{
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

	function_class(oc, LAB_PF_DEVICE_ID, "software ConnectX-7");
	pc->realize = pf_realize;
	pc->exit = pf_exit;
	pc->config_write = pf_config_write;
	DEVICE_CLASS(oc)->reset = pf_reset;
	lab_props_register(oc);
}

static void vf_class_init(ObjectClass *oc, void *data)
{
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

	function_class(oc, LAB_VF_DEVICE_ID, "software ConnectX-7, virtual function");
	pc->realize = vf_realize;
	pc->exit = vf_exit;
	pc->config_write = vf_config_write;
	DEVICE_CLASS(oc)->reset = vf_reset;
	DEVICE_CLASS(oc)->user_creatable = false;
}

static void pf_instance_init(Object *obj)
{
	lab_props_init(lab_pf(PCI_DEVICE(obj)));
}

static void pf_instance_finalize(Object *obj)
{
	lab_props_free(lab_pf(PCI_DEVICE(obj)));
}

static const InterfaceInfo express[] = { { INTERFACE_PCIE_DEVICE }, {} };

static const TypeInfo types[] = {
	{
		.name = TYPE_LAB_PF,
		.parent = TYPE_PCI_DEVICE,
		.instance_size = sizeof(struct lab_pf),
		.instance_init = pf_instance_init,
		.instance_finalize = pf_instance_finalize,
		.class_init = pf_class_init,
		.interfaces = (InterfaceInfo *)express,
	},
	{
		.name = TYPE_LAB_VF,
		.parent = TYPE_PCI_DEVICE,
		.instance_size = sizeof(struct lab_vf),
		.class_init = vf_class_init,
		.interfaces = (InterfaceInfo *)express,
	},
};

static void register_types(void)
{
	type_register_static_array(types, ARRAY_SIZE(types));
}

type_init(register_types)
