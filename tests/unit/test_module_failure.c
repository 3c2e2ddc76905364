/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a module is not loaded: modprobe's real words (kmod 30), and hosts in every state that explains them. */
#include <stdlib.h>

#include "check.h"
#include "root_kit.h"
#include "host/module_failure.h"
#include "host/modprobe_config.h"

#define MODULE "mlx5_vfio_pci"
#define COULD_NOT "modprobe: ERROR: could not insert '" MODULE "': "
#define NOT_PERMITTED COULD_NOT "Operation not permitted"
#define INVALID COULD_NOT "Invalid argument"
#define UNKNOWN COULD_NOT "Unknown symbol in module, or unknown parameter (see dmesg)"
#define RAN(command, name, code) \
	"modprobe: ERROR: ../libkmod/libkmod-module.c:1047 command_do() Error running install command '" \
	command "' for module " name ": retcode " code " " INVALID

/* As /proc/self/status has them: all capabilities, and none but the first. */
#define STATUS(uid, caps) \
	"Name:\tmlxmigctl\nUmask:\t0022\nUid:\t0\t" uid "\t" uid "\t" uid "\nCapInh:\t0000000000000000\nCapEff:\t" caps "\nSeccomp:\t0\n"

static struct err refusal(const char *words)
{
	struct err err = ERR_INIT;

	CHECK_INT(module_explain_refusal(MODULE, words, &err), -1);
	return err;
}

static struct err absence(const char *module)
{
	struct err err = ERR_INIT;

	CHECK_INT(module_explain_absence(module, &err), -1);
	return err;
}

/* What a case has put there goes with it. */
static void renew_root(void)
{
	root_kit_end();
	root_kit_again();
	root_kit_put("/proc/self/status", STATUS("0", "000001ffffffffff"));
	root_kit_put("/proc/sys/kernel/osrelease", "6.12.0-test\n");
	root_kit_put("/proc/sys/kernel/modules_disabled", "0\n");
	root_kit_put("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n");
	root_kit_put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	root_kit_put("/sys/module/module/parameters/sig_enforce", "N\n");
	root_kit_put("/sys/module/mlx5_core/taint", "\n");
}

static void an_install_command_is_named_with_its_file(void)
{
	struct err err;

	renew_root();
	root_kit_put("/etc/modprobe.d/a.conf", "options vfio_iommu_type1 x=1\n");
	root_kit_put("/etc/modprobe.d/no-mlx5.conf", "# hardening\n  install\tmlx5-vfio-pci   /bin/false\n");
	err = refusal(RAN("/bin/false", MODULE, "1"));
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK_STR(err.message, "the module mlx5_vfio_pci is not loaded: modprobe's configuration forbids it, by the line \"install mlx5-vfio-pci /bin/false\" in /etc/modprobe.d/no-mlx5.conf");
	CHECK_STR(err.hint, "remove that line from /etc/modprobe.d/no-mlx5.conf");
	/* The kernel has not said EINVAL: it was not asked. */
	CHECK(!strstr(err.message, "Invalid argument"));
}

static void the_install_command_of_what_it_needs_is_named(void)
{
	struct err err;

	renew_root();
	root_kit_put("/usr/lib/modprobe.d/vfio.conf", "install vfio_pci_core /bin/false\n");
	err = refusal(RAN("/bin/false", "vfio_pci_core", "1"));
	CHECK(strstr(err.message, "\"install vfio_pci_core /bin/false\" in /usr/lib/modprobe.d/vfio.conf") != NULL);
	/* With /bin/true modprobe continues, and the kernel misses the symbols. */
	root_kit_put("/usr/lib/modprobe.d/vfio.conf", "install vfio_pci_core /bin/true\n");
	err = refusal(UNKNOWN);
	CHECK(strstr(err.message, "\"install vfio_pci_core /bin/true\"") != NULL);
}

static void an_install_command_from_elsewhere_is_looked_for(void)
{
	struct err err;

	renew_root();
	err = refusal(RAN("exit 3", MODULE, "3"));
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.message, "exit 3") != NULL);
	CHECK(strstr(err.hint, "modprobe -c") != NULL);
}

static void a_module_that_is_off_is_named(void)
{
	struct err err;

	renew_root();
	root_kit_put("/run/modprobe.d/off.conf", "alias mlx5_* off\n");
	err = refusal("modprobe: ERROR: ../libkmod/libkmod-module.c:895 kmod_module_insert_module() could not find module by name='off' modprobe: ERROR: could not insert 'off': Unknown symbol in module, or unknown parameter (see dmesg)");
	CHECK_STR(err.hint, "remove that line from /run/modprobe.d/off.conf");
}

static void success_without_a_driver_is_explained(void)
{
	struct err err;

	renew_root();
	root_kit_put("/etc/modprobe.d/x.conf", "install mlx5_vfio_pci /bin/true\n");
	err = absence(MODULE);
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.message, "\"install mlx5_vfio_pci /bin/true\" in /etc/modprobe.d/x.conf") != NULL);
	root_kit_put("/etc/modprobe.d/x.conf", "blacklist mlx5-vfio-pci\n");
	CHECK(strstr(absence(MODULE).message, "\"blacklist mlx5-vfio-pci\"") != NULL);
	root_kit_put("/etc/modprobe.d/x.conf", "");
	CHECK_STR(absence(MODULE).hint, "look at what it does: modprobe -v mlx5_vfio_pci; if another process removes it at once (rmmod), try again");
}

static void a_loaded_module_without_a_driver_is_not_installed_again(void)
{
	struct err err;

	renew_root();
	root_kit_put("/sys/module/ip_tables/refcnt", "0\n");
	err = absence("ip-tables");
	CHECK_STR(err.message, "the module ip-tables is no driver of PCI devices");
	CHECK(strstr(err.hint, "vfio-pci") != NULL);
}

static void a_driver_is_named_as_sysfs_spells_it(void)
{
	struct err err;

	renew_root();
	root_kit_put("/sys/module/vfio_pci/refcnt", "0\n");
	root_kit_put("/sys/bus/pci/drivers/vfio-pci/bind", "");
	err = absence("vfio_pci");
	CHECK_STR(err.message, "there is no driver vfio_pci: it is called vfio-pci");
	root_kit_put("/sys/bus/pci/drivers/mlx5_vfio_pci/bind", "");
	CHECK_STR(absence("mlx5-vfio-pci").hint, "name it so: --driver mlx5_vfio_pci");
}

static void modules_may_be_disabled(void)
{
	struct err err;

	renew_root();
	root_kit_put("/proc/sys/kernel/modules_disabled", "1\n");
	err = refusal(NOT_PERMITTED);
	CHECK_INT(err.code, ERR_PERMISSION);
	CHECK(strstr(err.message, "kernel.modules_disabled is 1") != NULL);
	CHECK(strstr(err.hint, "/etc/modules-load.d/mlx5_vfio_pci.conf") != NULL);
}

static void an_unsigned_module_and_lockdown(void)
{
	struct err err;

	renew_root();
	root_kit_put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	err = refusal(NOT_PERMITTED);
	CHECK_INT(err.code, ERR_PERMISSION);
	CHECK_STR(err.message, "loading the module mlx5_vfio_pci: " NOT_PERMITTED "; the kernel is locked down (integrity), and the module is not signed by a key that the kernel trusts");
	CHECK(strstr(err.hint, "\"Secure Boot\" in kmod/README") != NULL);
}

static void a_signature_may_be_wanted_without_secure_boot(void)
{
	static const char rejected[] = COULD_NOT "Key was rejected by service";
	struct err err;

	renew_root();
	root_kit_put("/sys/module/module/parameters/sig_enforce", "Y\n");
	err = refusal(rejected);
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.hint, "module.sig_enforce") != NULL);
	root_kit_put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	CHECK(strstr(refusal(rejected).hint, "Secure Boot is on") != NULL);
}

static void the_kernels_command_line_may_name_it(void)
{
	struct err err;

	renew_root();
	root_kit_put("/proc/cmdline", "quiet modprobe.blacklist=mlx5_core module_blacklist=nouveau,vfio_pci_core ro\n");
	err = refusal(NOT_PERMITTED);
	CHECK_INT(err.code, ERR_PERMISSION);
	CHECK(strstr(err.message, "has vfio_pci_core in module_blacklist=") != NULL);
	/* Of a longer name, or for modprobe alone, which was not the one to refuse. */
	root_kit_put("/proc/cmdline", "module_blacklist=vfio_pci_core2 modprobe.module_blacklist=vfio\n");
	CHECK(!strstr(refusal(NOT_PERMITTED).message, "module_blacklist="));
}

static void root_of_a_container_lacks_the_right(void)
{
	struct err err;

	renew_root();
	root_kit_put("/proc/self/status", STATUS("0", "00000000a80425fb"));
	err = refusal(NOT_PERMITTED);
	CHECK_INT(err.code, ERR_PERMISSION);
	CHECK_STR(err.hint, "load it on the host itself: modprobe mlx5_vfio_pci");
	renew_root();
	root_kit_link("/proc/self/ns/user", "user:[4026532771]");
	CHECK_STR(refusal(NOT_PERMITTED).hint, "load it on the host itself: modprobe mlx5_vfio_pci");
}

static void others_are_told_to_be_root(void)
{
	char hint[ERR_HINT_SIZE];
	struct err err;

	renew_root();
	root_kit_put("/proc/self/status", STATUS("1000", "0000000000000000"));
	err = refusal(NOT_PERMITTED);
	CHECK_INT(err.code, ERR_PERMISSION);
	CHECK_STR(err_hint_of(&err, hint), "run it as root");
	renew_root();
	CHECK(strstr(refusal(NOT_PERMITTED).hint, "seccomp") != NULL);
}

static void another_vendors_core_is_named(void)
{
	static const char *const words[] = { INVALID, UNKNOWN, COULD_NOT "Exec format error" };
	struct err err;

	renew_root();
	root_kit_put("/sys/module/mlx5_core/version", "24.10-2.1.8\n");
	root_kit_put("/sys/module/mlx5_core/taint", "OE\n");
	root_kit_put("/sys/module/mlx_compat/refcnt", "9\n");
	for (size_t i = 0; i < 3; i++) {
		err = refusal(words[i]);
		CHECK_INT(err.code, ERR_NO_DRIVER);
		CHECK(strstr(err.message, "; the mlx5_core that is loaded is not the kernel's own (version 24.10-2.1.8, mlx_compat is loaded), but another vendor's, as OFED and DOCA bring it") != NULL);
		CHECK_STR(err.hint, "see \"Another vendor's mlx5_core\" in kmod/README");
	}
	renew_root();
	root_kit_put("/sys/module/mlx5_core/taint", "OE\n");
	CHECK(strstr(refusal(INVALID).message, "(out of tree)") != NULL);
	renew_root();
	root_kit_put("/sys/module/mlx_compat/refcnt", "9\n");
	CHECK(strstr(refusal(INVALID).message, "(mlx_compat is loaded)") != NULL);
}

/* It has no part in another driver's symbols. */
static void another_vendors_core_is_not_blamed_for_others(void)
{
	struct err err = ERR_INIT;

	renew_root();
	root_kit_put("/sys/module/mlx5_core/version", "24.10-2.1.8\n");
	module_explain_refusal("vfio-pci", "modprobe: ERROR: could not insert 'vfio_pci': Invalid argument", &err);
	CHECK(!strstr(err.message, "mlx5_core"));
	CHECK(strstr(err.hint, "for this kernel") != NULL);
}

static void a_module_of_another_kernel_is_built_anew(void)
{
	struct err err;

	renew_root();
	err = refusal(COULD_NOT "Exec format error");
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.message, "built for another kernel") != NULL);
	CHECK(strstr(err.hint, "dkms autoinstall") != NULL);
}

static void a_file_that_is_no_whole_module_is_named(void)
{
	struct err err;

	renew_root();
	root_kit_put("/lib/modules/6.12.0-test/modules.dep",
		     "kernel/drivers/vfio/vfio-pci-core.ko.xz:\nupdates/dkms/mlx5-vfio-pci.ko: kernel/drivers/vfio/vfio-pci-core.ko.xz\n");
	root_kit_put("/lib/modules/6.12.0-test/updates/dkms/mlx5-vfio-pci.ko", "");
	err = refusal(INVALID);
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.message, "Invalid argument; the file ") != NULL);
	CHECK(strstr(err.message, "/lib/modules/6.12.0-test/updates/dkms/mlx5-vfio-pci.ko is empty") != NULL);
	CHECK(strstr(err.hint, "install that module again") != NULL);
	root_kit_put("/lib/modules/6.12.0-test/updates/dkms/mlx5-vfio-pci.ko", "\177ELF\002\001\001");
	CHECK(strstr(refusal(COULD_NOT "Exec format error").message, "mlx5-vfio-pci.ko is cut short") != NULL);
	root_kit_put("/lib/modules/6.12.0-test/updates/dkms/mlx5-vfio-pci.ko", "<html>404</html>");
	CHECK(strstr(refusal(COULD_NOT "Exec format error").message, "mlx5-vfio-pci.ko is no module") != NULL);
}

static void the_file_of_what_it_needs_is_looked_at_too(void)
{
	struct err err;

	renew_root();
	root_kit_put("/lib/modules/6.12.0-test/modules.dep",
		     "kernel/drivers/vfio/vfio-pci-core.ko.xz:\nupdates/mlx5_vfio_pci.ko.xz: kernel/drivers/vfio/vfio-pci-core.ko.xz\n");
	root_kit_put("/lib/modules/6.12.0-test/updates/mlx5_vfio_pci.ko.xz", "7zXZ, of which no more is seen");
	root_kit_put("/lib/modules/6.12.0-test/kernel/drivers/vfio/vfio-pci-core.ko.xz", "");
	err = refusal(INVALID);
	CHECK(strstr(err.message, "vfio-pci-core.ko.xz is empty") != NULL);
	root_kit_put("/lib/modules/6.12.0-test/kernel/drivers/vfio/vfio-pci-core.ko.xz", "7zXZ");
	err = refusal(INVALID);
	CHECK(strstr(err.message, "built for another kernel, has a parameter that it does not know, or its file is damaged") != NULL);
}

/* Our own is built from kmod; another name may be mistyped. */
static void only_our_own_module_is_to_be_installed(void)
{
	struct err err = ERR_INIT;

	renew_root();
	root_kit_put("/lib/modules/6.12.0-test/modules.dep", "");
	module_explain_refusal("nosuch", "modprobe: FATAL: Module nosuch not found in directory /lib/modules/6.12.0-test", &err);
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.hint, "check the name: modprobe finds no module nosuch") != NULL);
	CHECK(!strstr(err.hint, "DKMS") && !strstr(err.hint, "kmod"));
	err = refusal("modprobe: FATAL: Module mlx5-vfio-pci not found in directory /lib/modules/6.12.0-test");
	CHECK(strstr(err.hint, "make -C kmod modules_install") != NULL);
}

static void a_kernel_may_have_lost_its_modules(void)
{
	static const char words[] = "modprobe: FATAL: Module mlx5_vfio_pci not found in directory /lib/modules/6.12.0-test";
	struct err err;

	renew_root();
	err = refusal(words);
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK(strstr(err.hint, "the running kernel's modules are not there (/lib/modules/6.12.0-test)") != NULL);
	root_kit_put("/lib/modules/6.12.0-test/modules.dep", "");
	CHECK(strstr(refusal(words).hint, "install the module mlx5_vfio_pci for kernel 6.12.0-test") != NULL);
}

static void what_is_not_known_is_in_the_kernel_log(void)
{
	struct err err;

	renew_root();
	err = refusal(COULD_NOT "No such device");
	CHECK_INT(err.code, ERR_NO_DRIVER);
	CHECK_STR(err.hint, "look at the kernel log (dmesg) for the cause");
}

int main(void)
{
	if (!root_kit_begin())
		return 99;
	CASE(an_install_command_is_named_with_its_file);
	CASE(the_install_command_of_what_it_needs_is_named);
	CASE(an_install_command_from_elsewhere_is_looked_for);
	CASE(a_module_that_is_off_is_named);
	CASE(success_without_a_driver_is_explained);
	CASE(a_loaded_module_without_a_driver_is_not_installed_again);
	CASE(a_driver_is_named_as_sysfs_spells_it);
	CASE(modules_may_be_disabled);
	CASE(an_unsigned_module_and_lockdown);
	CASE(a_signature_may_be_wanted_without_secure_boot);
	CASE(the_kernels_command_line_may_name_it);
	CASE(root_of_a_container_lacks_the_right);
	CASE(others_are_told_to_be_root);
	CASE(another_vendors_core_is_named);
	CASE(another_vendors_core_is_not_blamed_for_others);
	CASE(a_module_of_another_kernel_is_built_anew);
	CASE(a_file_that_is_no_whole_module_is_named);
	CASE(the_file_of_what_it_needs_is_looked_at_too);
	CASE(only_our_own_module_is_to_be_installed);
	CASE(a_kernel_may_have_lost_its_modules);
	CASE(what_is_not_known_is_in_the_kernel_log);
	return CHECK_DONE() || root_kit_end();
}
