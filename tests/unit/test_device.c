/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on a device. */
#include "check.h"
#include "host/device.h"
#include "host/sysroot.h"

static struct device able_vf(void)
{
	struct device device = {
		.kind = DEVICE_VF,
		.name = "0000:3b:00.2",
		.driver = "mlx5_vfio_pci",
		.vfio = true,
		.has_pf = true,
		.pf = { .bus = 0x3b },
		.iommu_group = 40,
		.migratable = TRI_YES,
		.probed = true,
		.caps = { .migration = true,
			  .flags = MIG_STOP_COPY | MIG_P2P,
			  .device_state = true,
			  .state = STATE_RUNNING },
	};

	return device;
}

static void one_with_everything_can_migrate(void)
{
	struct device device = able_vf();
	struct device pf = { .driver = "mlx5_core" };

	device_judge(&device, &pf);
	CHECK_INT(device.can_migrate, TRI_YES);
	CHECK_INT(device.n_reasons, 0);
	device.migratable = TRI_UNKNOWN;
	device_judge(&device, NULL);
	CHECK_INT(device.can_migrate, TRI_YES);
}

/* Each takes one thing away, and gets one reason. */
static void check_lack(struct device device, const char *reason)
{
	struct device pf = { .name = "0000:3b:00.0", .driver = "mlx5_core" };

	device_judge(&device, &pf);
	CHECK_INT(device.can_migrate, TRI_NO);
	CHECK_INT(device.n_reasons, 1);
	CHECK_STR(device.reasons[0], reason);
}

static void each_lack_is_a_reason(void)
{
	struct device device = able_vf();

	device.iommu_group = -1;
	check_lack(device, "it is in no IOMMU group");
	device = able_vf();
	strcpy(device.group_obstacle, "0000:3b:00.3");
	strcpy(device.group_obstacle_driver, "igb");
	check_lack(device, "0000:3b:00.3 shares IOMMU group 40 with it and is used by the host's driver igb");
	device = able_vf();
	device.no_iommu = true;
	check_lack(device, "its group 40 is a no-IOMMU group: nothing confines what it writes to memory");
	device = able_vf();
	*device.driver = '\0';
	check_lack(device, "it is bound to no driver");
	device = able_vf();
	device.vfio = false;
	check_lack(device, "its driver mlx5_vfio_pci is not one of VFIO");
	device = able_vf();
	device.migratable = TRI_NO;
	check_lack(device, "devlink says that it is not migratable");
	device = able_vf();
	device.caps.flags = 0;
	check_lack(device, "VFIO offers no migration of it: firmware or driver lacks it");
	device = able_vf();
	device.caps.old_protocol = true;
	check_lack(device, "it speaks the old migration protocol (v1 region)");
	device = able_vf();
	device.caps.state = STATE_ERROR;
	check_lack(device, "it is in ERROR, which a reset ends");
}

static void plain_vfio_has_none(void)
{
	struct device device = able_vf();

	strcpy(device.driver, "vfio-pci");
	device.probed = false;
	check_lack(device, "vfio-pci offers no migration");
}

static void pf_must_be_mlx5_core(void)
{
	struct device device = able_vf();
	struct device pf = { .name = "0000:3b:00.0" };

	device_judge(&device, &pf);
	CHECK_INT(device.can_migrate, TRI_NO);
	CHECK_STR(device.reasons[0], "its PF 0000:3b:00.0 is bound to no driver, not to mlx5_core");
}

static void not_asked_is_not_known(void)
{
	struct device device = able_vf();

	device.probed = false;
	strcpy(device.probe_reason, "it is free");
	device_judge(&device, NULL);
	CHECK_INT(device.can_migrate, TRI_UNKNOWN);
	CHECK_INT(device.n_reasons, 1);
	CHECK_STR(device.reasons[0], "its migration features were not read: it is free");
}

/* It is an error's message, and stands whole in the reason. */
static void a_long_reason_against_the_probe_is_not_cut(void)
{
	struct device device = able_vf();
	size_t len = sizeof(device.probe_reason) - 1;

	device.probed = false;
	memset(device.probe_reason, 'x', len);
	device_judge(&device, NULL);
	CHECK_INT(strlen(device.reasons[0]), strlen("its migration features were not read: ") + len);
	CHECK(len + 1 >= sizeof(((struct err *)NULL)->message));
}

static void a_group_alone_does_not_decide_the_use(void)
{
	struct device device = able_vf();

	device.holder = (struct holder){ .kind = HOLDER_OTHER, .pid = 42 };
	CHECK_INT(device_in_use(&device), TRI_YES);
	device.holder.idle = true;
	CHECK_INT(device_in_use(&device), TRI_UNKNOWN);
	/* Nothing opens it where a driver of the host has it. */
	device.vfio = false;
	CHECK_INT(device_in_use(&device), TRI_NO);
}

static void no_outweighs_not_known(void)
{
	struct device device = able_vf();

	device.probed = false;
	device.migratable = TRI_NO;
	device_judge(&device, NULL);
	CHECK_INT(device.can_migrate, TRI_NO);
	CHECK_INT(device.n_reasons, 1);
}

static void judged_again_is_judged_anew(void)
{
	struct device device = able_vf();

	device.iommu_group = -1;
	device_judge(&device, NULL);
	device.iommu_group = 1;
	device_judge(&device, NULL);
	CHECK_INT(device.can_migrate, TRI_YES);
	CHECK_INT(device.n_reasons, 0);
}

static void pf_is_none_to_migrate(void)
{
	struct device device = able_vf();

	device.kind = DEVICE_PF;
	device_judge(&device, NULL);
	CHECK_INT(device.can_migrate, TRI_NO);
	CHECK_INT(device.n_reasons, 1);
}

/* Everything that can be against one device at once; each of them once, and room for more. */
static void all_reasons_fit(void)
{
	struct device device = {
		.kind = DEVICE_VF,
		.has_pf = true,
		.group_obstacle = "0000:3b:00.3",
		.group_obstacle_driver = "mlx5_core",
		.driver_override = "mlx5_vfio_pcii",
		.migratable = TRI_NO,
		.probed = true,
		.caps = { .old_protocol = true, .device_state = true },
	};
	struct device pf = {};

	device_judge(&device, &pf);
	CHECK_INT(device.n_reasons, 7);
	CHECK(device.n_reasons < DEVICE_REASONS_MAX);
	CHECK_STR(device.reasons[6], "it is in ERROR, which a reset ends");
	for (size_t i = 0; i < device.n_reasons; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(device.reasons[i], device.reasons[j]));
}

static void the_longest_reason_fits(void)
{
	struct device device = able_vf();
	const char *reason;

	memset(device.driver_override, 'x', sizeof(device.driver_override) - 1);
	strcpy(device.name, "ffffffff:ff:1f.7");
	*device.driver = '\0';
	device_judge(&device, NULL);
	CHECK_INT(device.n_reasons, 2);
	reason = device.reasons[1];
	CHECK(strlen(reason) < sizeof(device.reasons[0]) - 1);
	CHECK(strstr(reason, "unbind clears it") != NULL);
}

static void a_pf_elsewhere_is_the_only_reason(void)
{
	struct device device = able_vf();
	struct err err = ERR_INIT;

	CHECK_INT(device_require_pf(&device, &err), 0);
	CHECK(device_is_vf_of(&device, "0000:3b:00.0"));
	device.has_pf = false;
	CHECK(!device_is_vf_of(&device, "0000:3b:00.0"));
	device.iommu_group = -1;
	*device.driver = '\0';
	check_lack(device, "it is a virtual function whose PF is not on this host: it is migrated by the host that has the PF");
	CHECK_INT(device_require_pf(&device, &err), -1);
	CHECK_INT(err.code, ERR_NOT_MIGRATABLE);
	/* Of another device of VFIO's nothing is known of a PF. */
	device.kind = DEVICE_OTHER;
	err = (struct err)ERR_INIT;
	CHECK_INT(device_require_pf(&device, &err), 0);
}

static void an_override_is_stray_where_it_keeps_the_driver_away(void)
{
	struct device device = able_vf();

	strcpy(device.driver_override, "mlx5_vfio_pci");
	device_judge(&device, NULL);
	CHECK_INT(device.n_reasons, 0);
	/* Another variant driver, which can migrate it. */
	strcpy(device.driver_override, "other_vfio_pci");
	strcpy(device.driver, "other_vfio_pci");
	device_judge(&device, NULL);
	CHECK_INT(device.n_reasons, 0);
	/* It would be another driver's at the next probe, and is not yet. */
	strcpy(device.driver_override, "vfio-pci");
	device_judge(&device, NULL);
	CHECK_INT(device.n_reasons, 0);
	strcpy(device.driver, "vfio-pci");
	device_judge(&device, NULL);
	CHECK_INT(device.n_reasons, 2);
	CHECK(strstr(device.reasons[1], "its driver_override \"vfio-pci\" keeps") == device.reasons[1]);
}

static void use_is_known_or_not(void)
{
	struct device device = {};

	CHECK_INT(device_in_use(&device), TRI_NO);
	device.holder.unsure = true;
	CHECK_INT(device_in_use(&device), TRI_UNKNOWN);
	device.holder.kind = HOLDER_OTHER;
	CHECK_INT(device_in_use(&device), TRI_YES);
}

static void hint_on(int num_vfs, int total_vfs, const char *hint)
{
	struct device pf = { .kind = DEVICE_PF, .name = "0000:3b:00.0",
			     .num_vfs = num_vfs, .total_vfs = total_vfs };
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	CHECK_INT(device_refuse_pf(&pf, &err), -1);
	CHECK_INT(err.code, ERR_NOT_VF);
	CHECK_STR(err.device, pf.name);
	CHECK(strstr(err_hint_of(&err, buf), hint) != NULL);
}

static void a_pfs_hint_leads_to_a_vf(void)
{
	hint_on(2, 16, "name one, such as 0000:3b:00.0/vf0");
	hint_on(0, 16, "echo NUMBER > /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs makes up to 16");
	hint_on(0, 0, "mlxconfig -d 0000:3b:00.0 set SRIOV_EN=1");
	/* A root without anything shows no hypervisor. */
	sysroot_set("/proc/self/fdinfo");
	hint_on(-1, -1, "mlxconfig -d 0000:3b:00.0 set SRIOV_EN=1");
	hint_on(-1, -1, "in a guest, whose hypervisor hides SR-IOV, run mlxmigctl on that hypervisor");
	sysroot_set(NULL);
}

int main(void)
{
	CASE(one_with_everything_can_migrate);
	CASE(each_lack_is_a_reason);
	CASE(plain_vfio_has_none);
	CASE(pf_must_be_mlx5_core);
	CASE(not_asked_is_not_known);
	CASE(a_long_reason_against_the_probe_is_not_cut);
	CASE(a_group_alone_does_not_decide_the_use);
	CASE(no_outweighs_not_known);
	CASE(judged_again_is_judged_anew);
	CASE(pf_is_none_to_migrate);
	CASE(all_reasons_fit);
	CASE(the_longest_reason_fits);
	CASE(a_pf_elsewhere_is_the_only_reason);
	CASE(an_override_is_stray_where_it_keeps_the_driver_away);
	CASE(use_is_known_or_not);
	CASE(a_pfs_hint_leads_to_a_vf);
	return CHECK_DONE();
}
