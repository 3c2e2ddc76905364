/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/text.h"

#define KICK SIGURG /* ignored by default, so one that comes late does no harm */

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

static struct {
	int fd;
	struct sigaction pipe_before, kick_before;
} state = { .fd = -1 };

static atomic_int came;
static atomic_bool breaking;

static void on_kick(int sig)
{
}

static void set_handlers(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction kick = { .sa_handler = on_kick }; /* no SA_RESTART */

	sigaction(SIGPIPE, &ignore, &state.pipe_before);
	sigaction(KICK, &kick, &state.kick_before);
}

/* A blocked signal is queued even where it is ignored: leave those alone. */
static void fill_caught(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++) {
		struct sigaction now;

		if (!sigaction(caught[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(set, caught[i]);
	}
}

int interrupt_begin(struct err *err)
{
	sigset_t set, before;
	int num;

	if (state.fd >= 0)
		return err_set(err, ERR_INTERNAL, 0, "signals are held twice");
	fill_caught(&set);
	num = pthread_sigmask(SIG_BLOCK, &set, &before);
	if (num)
		return err_set(err, ERR_INTERNAL, num, "blocking signals");
	state.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (state.fd < 0) {
		num = errno;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		return err_set(err, ERR_INTERNAL, num, "signalfd");
	}
	atomic_store(&came, 0);
	set_handlers();
	return 0;
}

int interrupt_reopen(struct err *err)
{
	sigset_t set;

	fill_caught(&set);
	state.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return state.fd < 0 ? err_set(err, ERR_INTERNAL, errno, "signalfd") : 0;
}

void interrupt_end(void)
{
	struct signalfd_siginfo info;

	if (state.fd < 0)
		return;
	while (read(state.fd, &info, sizeof(info)) == sizeof(info))
		;
	close(state.fd);
	state.fd = -1;
	sigaction(SIGPIPE, &state.pipe_before, NULL);
	sigaction(KICK, &state.kick_before, NULL);
}

int interrupt_fd(void)
{
	return state.fd;
}

int interrupt_signal(void)
{
	struct signalfd_siginfo info;
	int none = 0;

	if (state.fd >= 0 && !atomic_load(&came) &&
	    read(state.fd, &info, sizeof(info)) == sizeof(info))
		atomic_compare_exchange_strong(&came, &none, (int)info.ssi_signo);
	return atomic_load(&came);
}

int interrupt_check(struct err *err)
{
	int sig = interrupt_signal();

	if (!sig)
		return 0;
	return err_set(err, ERR_INTERRUPTED, sig, "interrupted by SIG%s", sigabbrev_np(sig));
}

void interrupt_break(bool on)
{
	atomic_store(&breaking, on);
}

bool interrupt_wanted(void)
{
	return atomic_load(&breaking);
}

void interrupt_kick(pthread_t thread)
{
	pthread_kill(thread, KICK);
}
