/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/module_failure.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/modprobe_config.h"
#include "host/module_file.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/mlx5.h"
#include "lib/text.h"

/* The first user namespace has a fixed number (the kernel's include/linux/proc_ns.h). */
#define FIRST_USER_NS "user:[4026531837]"

/* What the drivers of VFIO need loaded before them. */
static const char *const needed[] = { "vfio", "vfio_pci_core", "vfio_iommu_type1", "iommufd",
				      DRIVER_MLX5 };

/* The same for the module and for what it needs. */
static bool find_config_of_all(const char *word, const char *module, struct config_line *found)
{
	bool is_found = modprobe_config_find(word, module, found);

	for (size_t i = 0; !is_found && i < ARRAY_SIZE(needed); i++)
		is_found = modprobe_config_find(word, needed[i], found);
	return is_found;
}

static int say_config(const char *module, const struct config_line *line, struct err *err)
{
	err_set(err, ERR_NO_DRIVER, 0,
		"the module %s is not loaded: modprobe's configuration forbids it, by the line \"%s\" in %s",
		module, line->text, line->file);
	return err_hint(err, "remove that line from %s", line->file);
}

/* "… Error running install command '/bin/false' for module NAME: retcode 1 …" */
static int say_install(const char *module, const char *words, struct err *err)
{
	const char *name = strstr(words, "for module ");
	struct config_line line;
	char culprit[64];

	if (!name || sscanf(name, "for module %63[^: ]", culprit) != 1)
		text_copy(culprit, sizeof(culprit), module);
	if (modprobe_config_find("install", culprit, &line))
		return say_config(module, &line, err);
	err_set(err, ERR_NO_DRIVER, 0, "loading the module %s: %s", module, words);
	return err_hint(err, "modprobe has an install command for %s in place of the module: modprobe -c shows it",
			culprit);
}

static bool is_variant(const char *module)
{
	return modprobe_is_about(DRIVER_VARIANT, module);
}

static int say_not_found(const char *module, const char *words, struct err *err)
{
	char release[128];

	err_set(err, ERR_NO_DRIVER, 0, "there is no driver %s: %s", module, words);
	if (sysroot_read(release, sizeof(release), "/proc/sys/kernel/osrelease") <= 0)
		return -1;
	if (!sysroot_exists("/lib/modules/%s", release))
		return err_hint(err,
				"the running kernel's modules are not there (/lib/modules/%.64s): boot a kernel that is installed, or, in a container, load the module on the host",
				release);
	if (is_variant(module))
		return err_hint(err,
				"install the module %s for kernel %.64s (as a DKMS package, or make -C kmod modules_install), and run depmod -a",
				module, release);
	return err_hint(err, "check the name: modprobe finds no module %s; one of the kernel's own may be in a package of modules that is not installed",
			module);
}

/* Of this process, from its status; what cannot be read is taken for root's. */
static void read_rights(unsigned int *uid, bool *capable)
{
	char status[4096], ns[32];
	const char *line;
	unsigned long long caps = 0;

	*uid = 0;
	*capable = true;
	if (sysroot_read(status, sizeof(status), "/proc/self/status") <= 0)
		return;
	line = strstr(status, "\nUid:");
	if (line && sscanf(line, "\nUid: %*u %u", uid) != 1)
		*uid = 0;
	line = strstr(status, "\nCapEff:");
	if (line && sscanf(line, "\nCapEff: %llx", &caps) == 1)
		*capable = caps >> CAP_SYS_MODULE & 1;
	if (!sysroot_link_name(ns, sizeof(ns), "/proc/self/ns/user") && strcmp(ns, FIRST_USER_NS))
		*capable = false;
}

/* Is @module in module_blacklist= of the kernel's command line? */
static bool kernel_blacklists(const char *cmdline, const char *module)
{
	static const char key[] = "module_blacklist=";
	size_t len = strlen(module);
	const char *at = strstr(cmdline, key);

	while (at) {
		const char *name = at + strlen(key);

		/* modprobe.blacklist= and other words do not end so. */
		for (bool own = at == cmdline || at[-1] == ' '; own && *name && *name != ' ';
		     name += *name == ',') {
			size_t used = strcspn(name, ", ");

			if (used == len && !strncmp(name, module, len))
				return true;
			name += used;
		}
		at = strstr(at + 1, key);
	}
	return false;
}

/* The kernel compares its own name of the module. */
static const char *find_blacklisted(const char *cmdline, const char *module)
{
	char name[64];

	modprobe_normalise(name, sizeof(name), module);
	if (kernel_blacklists(cmdline, name))
		return module;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (kernel_blacklists(cmdline, needed[i]))
			return needed[i];
	return NULL;
}

/* "none [integrity] confidentiality": the level in force, if it is one. */
static bool read_lockdown(char level[32])
{
	char text[96];
	const char *open;

	if (sysroot_read(text, sizeof(text), "/sys/kernel/security/lockdown") <= 0)
		return false;
	open = strchr(text, '[');
	return open && sscanf(open, "[%31[^]]", level) == 1 && strcmp(level, "none");
}

static int set_refused(enum err_code code, const char *module, const char *words, const char *why,
		       struct err *err)
{
	return err_set(err, code, 0, "loading the module %s: %.200s%s%s", module, words,
		       *why ? "; " : "", why);
}

static int say_modules_disabled(const char *module, const char *words, struct err *err)
{
	set_refused(ERR_PERMISSION, module, words,
		    "kernel.modules_disabled is 1, so the kernel loads no module before the next boot",
		    err);
	return err_hint(err, "reboot, and have %s loaded before that is set: echo %s > /etc/modules-load.d/%s.conf",
			module, module, module);
}

static int say_no_right(const char *module, const char *words, struct err *err)
{
	set_refused(ERR_PERMISSION, module, words,
		    "this root has no CAP_SYS_MODULE on the host, as in a container", err);
	return err_hint(err, "load it on the host itself: modprobe %s", module);
}

static int say_kernel_blacklist(const char *module, const char *words, const char *listed,
				struct err *err)
{
	char why[128];

	snprintf(why, sizeof(why), "the kernel's command line has %s in module_blacklist=", listed);
	set_refused(ERR_PERMISSION, module, words, why, err);
	return err_hint(err, "remove %s from module_blacklist= in the boot loader's configuration, and reboot",
			listed);
}

static int say_lockdown(const char *module, const char *words, const char *level, struct err *err)
{
	char why[160];

	snprintf(why, sizeof(why),
		 "the kernel is locked down (%s), and the module is not signed by a key that the kernel trusts",
		 level);
	set_refused(ERR_PERMISSION, module, words, why, err);
	return err_hint(err, "sign the module and enrol the key (mokutil --import): see \"Secure Boot\" in kmod/README");
}

static int say_not_permitted(const char *module, const char *words, struct err *err)
{
	char cmdline[4096], level[32];
	const char *listed = NULL;
	long disabled = 0;
	unsigned int uid;
	bool capable;

	read_rights(&uid, &capable);
	if (!sysroot_read_long(&disabled, "/proc/sys/kernel/modules_disabled") && disabled)
		return say_modules_disabled(module, words, err);
	if (uid)
		return set_refused(ERR_PERMISSION, module, words, "", err);
	if (!capable)
		return say_no_right(module, words, err);
	if (sysroot_read(cmdline, sizeof(cmdline), "/proc/cmdline") > 0)
		listed = find_blacklisted(cmdline, module);
	if (listed)
		return say_kernel_blacklist(module, words, listed, err);
	if (read_lockdown(level))
		return say_lockdown(module, words, level, err);
	set_refused(ERR_PERMISSION, module, words, "", err);
	return err_hint(err, "a security module or a seccomp filter refuses it: look at the kernel log (dmesg)");
}

static int say_unsigned(const char *module, const char *words, struct err *err)
{
	char enforced[8], level[32];

	set_refused(ERR_NO_DRIVER, module, words, "", err);
	if (sysroot_read(enforced, sizeof(enforced), "/sys/module/module/parameters/sig_enforce") > 0 &&
	    *enforced == 'Y' && !read_lockdown(level))
		return err_hint(err,
				"the kernel loads signed modules only (module.sig_enforce), and this one is not signed by a key it trusts: sign it, see \"Secure Boot\" in kmod/README");
	return err_hint(err,
			"Secure Boot is on and the module is not signed by a key the kernel trusts: sign it and enrol the key with mokutil --import");
}

/*
 * The kernel's own mlx5_core has had no version since Linux 5.7, and no taint;
 * OFED's and DOCA's has both, and stands on mlx_compat.
 */
static bool describe_foreign_core(char *text, size_t size)
{
	char version[48] = "", taint[16] = "";
	bool compat = sysroot_exists("/sys/module/mlx_compat");
	bool foreign;

	sysroot_read(version, sizeof(version), "/sys/module/" DRIVER_MLX5 "/version");
	sysroot_read(taint, sizeof(taint), "/sys/module/" DRIVER_MLX5 "/taint");
	foreign = *version || strchr(taint, 'O') || compat;
	snprintf(text, size,
		 "the mlx5_core that is loaded is not the kernel's own (%s%s%s%s), but another vendor's, as OFED and DOCA bring it",
		 *version ? "version " : strchr(taint, 'O') ? "out of tree" : "",
		 version, compat && (*version || strchr(taint, 'O')) ? ", " : "",
		 compat ? "mlx_compat is loaded" : "");
	return foreign;
}

/* The same for the module and for what it needs. */
static bool find_damage_of_all(const char *module, char *why, size_t size)
{
	bool is_found = module_file_damage(module, why, size);

	for (size_t i = 0; !is_found && i < ARRAY_SIZE(needed); i++)
		is_found = module_file_damage(needed[i], why, size);
	return is_found;
}

/* Its symbols, their versions, or its vermagic are another kernel's, or its file is no whole module. */
static int say_mismatch(const char *module, const char *words, struct err *err)
{
	struct config_line line;
	char why[224];

	if (find_damage_of_all(module, why, sizeof(why))) {
		set_refused(ERR_NO_DRIVER, module, words, why, err);
		return err_hint(err, "install that module again: a full disk or a crash may have damaged its file when it was installed");
	}
	if (strstr(words, "Unknown symbol") && find_config_of_all("install", module, &line))
		return say_config(module, &line, err);
	if (is_variant(module) && describe_foreign_core(why, sizeof(why))) {
		set_refused(ERR_NO_DRIVER, module, words, why, err);
		return err_hint(err, "see \"Another vendor's mlx5_core\" in kmod/README");
	}
	set_refused(ERR_NO_DRIVER, module, words,
		    "the module was built for another kernel, has a parameter that it does not know, or its file is damaged",
		    err);
	return err_hint(err, "build it anew for this kernel (dkms autoinstall, or make -C kmod clean modules_install), and run depmod -a; the kernel log (dmesg) names the symbol or parameter");
}

static bool has_any(const char *words, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(words, texts[i]))
			return true;
	return false;
}

#define HAS_ANY(words, ...) \
	has_any(words, (const char *const[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

int module_explain_refusal(const char *module, const char *words, struct err *err)
{
	struct config_line line;

	/* First: what it runs has words of its own, and modprobe calls its failure EINVAL. */
	if (strstr(words, "running install command"))
		return say_install(module, words, err);
	if (strstr(words, "name='off'") && modprobe_config_find("alias", module, &line))
		return say_config(module, &line, err);
	if (strstr(words, "not found"))
		return say_not_found(module, words, err);
	if (HAS_ANY(words, "Operation not permitted", "Permission denied"))
		return say_not_permitted(module, words, err);
	if (HAS_ANY(words, "Key was rejected", "Required key not available"))
		return say_unsigned(module, words, err);
	if (HAS_ANY(words, "Unknown symbol", "disagrees about version", "Invalid argument",
		    "Exec format error", "Invalid module format"))
		return say_mismatch(module, words, err);
	set_refused(ERR_NO_DRIVER, module, words, "", err);
	return err_hint(err, "look at the kernel log (dmesg) for the cause");
}

/* "mlx5-vfio-pci", "vfio_pci": modprobe takes either spelling of a module, sysfs one of a driver. */
static bool find_other_spelling(const char *module, char *driver, size_t size)
{
	static const char marks[] = "_-";

	for (size_t i = 0; i < 2; i++) {
		text_copy(driver, size, module);
		for (char *p = driver; (p = strchr(p, marks[!i]));)
			*p = marks[i];
		if (strcmp(driver, module) && sysroot_exists("/sys/bus/pci/drivers/%s", driver))
			return true;
	}
	return false;
}

int module_explain_absence(const char *module, struct err *err)
{
	char driver[64], name[64];
	struct config_line line;

	if (find_other_spelling(module, driver, sizeof(driver))) {
		err_set(err, ERR_NO_DRIVER, 0, "there is no driver %s: it is called %s", module,
			driver);
		return err_hint(err, "name it so: --driver %s", driver);
	}
	modprobe_normalise(name, sizeof(name), module);
	if (sysroot_exists("/sys/module/%s", name)) {
		err_set(err, ERR_NO_DRIVER, 0, "the module %s is no driver of PCI devices", module);
		return err_hint(err, "name a driver of VFIO, such as " DRIVER_VARIANT " or vfio-pci");
	}
	if (modprobe_config_find("install", module, &line) || modprobe_config_find("blacklist", module, &line))
		return say_config(module, &line, err);
	err_set(err, ERR_NO_DRIVER, 0,
		"modprobe has loaded no module %s, though it reports no error", module);
	return err_hint(err, "look at what it does: modprobe -v %s; if another process removes it at once (rmmod), try again", module);
}
