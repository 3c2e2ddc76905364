// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migfaults: the matrix of what firmware can do to a driver's commands. Each case is a walk over the migration states, one
 * command of those that the driver gives on it, and one fault that hits it. A case is fulfilled when
 *
 *  - the walk ends, and in time;
 *  - the device is where the walk leads, in a state on the way, or in ERROR, and the VF itself is in the state that is told;
 *  - ERROR is left by nothing but a reset, and a reset leaves every state for RUNNING and ends the data file;
 *  - nothing is left of it on the PF, but what only firmware could have given back;
 *  - the next save and load work.
 *
 * The commands of a walk are not known beforehand: a walk without faults shows them. So the matrix is that of the driver
 * that is loaded.
 */
#include <getopt.h>

#include "fault_kinds.h"
#include "fault_walks.h"

static const char usage_text[] =
	"usage: migfaults BDF [--sample N] [--seed S] [--case NAME] [--list]\n"
	"  Without options all cases; ends with status 1 at the first that is not fulfilled.\n"
	"  --sample N   that many cases, by the seed, and one in which a command hangs\n"
	"  --case NAME  the cases whose name begins so\n"
	"  --list       name the cases, and run none\n";

enum { COMMANDS_MAX = 64 };

/* The commands of a walk, once they are known. */
static struct {
	struct command commands[COMMANDS_MAX];
	unsigned int count;
	bool known;
} seen[WALKS];

static struct objects idle;
static double timeout_s;
static uint64_t told;

/* Is the good stream one image, which is one without its head, too? */
static bool single_image(void)
{
	uint64_t size;

	memcpy(&size, vf.stream + IMAGE_AT - 16, sizeof(size));
	return size == vf.stream_size - IMAGE_AT;
}

/* Is this walk for the device? Kernels without PRE_COPY have no way there. */
static bool possible(const struct walk *walk)
{
	const uint64_t pre_copy = 4;

	if (strstr(walk->before, "bare") && !single_image())
		return false;
	return vf.flags & pre_copy || !(strstr(walk->before, "PRE_COPY") || strstr(walk->path, "PRE_COPY"));
}

/* Lines of the model's log from number @from on, into @commands: how many they are. */
static unsigned int read_log(uint64_t from, struct command *commands)
{
	const char *line = model_text("log");
	unsigned int count = 0, opcode, function;
	uint64_t number;

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (sscanf(line, "%" SCNu64 " fn=%u op=0x%x", &number, &function, &opcode) != 3)
			broken("the model's log: %.60s", line);
		if (number < from || function || !opcode_name(opcode))
			continue;
		if (count == COMMANDS_MAX)
			broken("too many commands");
		commands[count] = (struct command){ opcode, 1 };
		for (unsigned int i = 0; i < count; i++)
			commands[count].nth += commands[i].opcode == opcode;
		count++;
	}
	return count;
}

static uint64_t log_end(void)
{
	const char *text = model_text("log"), *line;
	size_t length = strlen(text);

	for (line = text + length - 1; line > text && line[-1] != '\n';)
		line--;
	return length ? strtoull(line, NULL, 10) + 1 : 0;
}

static void name_walk(const struct walk *walk)
{
	char *c = vf.name;

	snprintf(vf.name, sizeof(vf.name), "%s/%s/%s", walk->before, walk->path, walk->then);
	for (; *c; c++)
		if (*c == ' ')
			*c = ',';
}

/* Walks without a fault to see which commands there are. */
static void look(unsigned int w)
{
	uint64_t from;

	if (seen[w].known)
		return;
	name_walk(&walks[w]);
	set_fault("");
	start(&walks[w]);
	settle();
	from = log_end();
	must("without a fault", take(&walks[w]));
	want_state(last_state(&walks[w]));
	settle();
	seen[w].count = read_log(from, seen[w].commands);
	seen[w].known = true;
	reset_vf();
}

/* mlx5_core looks for an answer 5 s longer than it is patient, in case only the event was lost. */
static double given_up_after(void)
{
	return timeout_s + 5;
}

static void arm(const struct fault *fault, const struct command *command)
{
	double hang = given_up_after() + 1.5;
	char text[256];
	int length;

	if (fault->what & UNDO_TOO)
		hang += given_up_after();
	length = snprintf(text, sizeof(text), "op=0x%x,nth=%u,%s", command->opcode, command->nth, fault->text);
	if (fault->what & HANGS)
		length += snprintf(text + length, sizeof(text) - length, "%g%s", hang,
				   answers_in_blocks(command->opcode) ? ",delivery=2" : "");
	if (fault->what == UNDO_TOO)
		snprintf(text + length, sizeof(text) - length, ";op=0x%x,count=0,status=1",
			 command->opcode == SUSPEND ? RESUME : SUSPEND);
	set_fault(text);
}

/* Which sides of the VF are suspended in a state. */
static unsigned int suspended_in(uint32_t state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_RUNNING:
	case 6: /* PRE_COPY */
		return 0;
	case VFIO_DEVICE_STATE_RUNNING_P2P:
	case 7: /* PRE_COPY_P2P */
		return LAB_SUSPENDED_INITIATOR;
	default:
		return LAB_SUSPENDED_INITIATOR | LAB_SUSPENDED_RESPONDER;
	}
}

/* Can a driver not but see that the walk has failed? */
static bool must_fail(const struct fault *fault, unsigned int opcode)
{
	return !(fault->what & (GOES_WELL | LIES)) && (opcode == SUSPEND || opcode == RESUME || opcode == LOAD);
}

static void judge_error(void)
{
	uint8_t byte = 0;

	for (uint32_t state = VFIO_DEVICE_STATE_STOP; state < STATES; state++)
		if (ask_state(state) != EINVAL)
			broken("ERROR is left for %s, or with another error than EINVAL", states[state]);
	if (ask_state(VFIO_DEVICE_STATE_ERROR) != EINVAL)
		broken("one can ask for ERROR");
	want_state(VFIO_DEVICE_STATE_ERROR);
	if (vf.data >= 0 && (read(vf.data, &byte, 1) != -1 || (errno != ENODEV && errno != EBADF)))
		broken("the data of a device in ERROR can be read");
}

/* What the walk has come to. */
static void judge(const struct walk *walk, const struct fault *fault, unsigned int opcode, int err)
{
	uint32_t state = present_state();
	unsigned int sides = vf_register(LAB_REG_suspended, 4);

	if (state == VFIO_DEVICE_STATE_ERROR) {
		if (!err)
			broken("it is in ERROR, and nothing has failed");
		judge_error();
		return;
	}
	if (!on_the_way(walk, state))
		broken("it is in %s, which is not on the way", states[state]);
	if (!err && state != last_state(walk))
		broken("nothing has failed, and it is in %s", states[state]);
	if (sides != suspended_in(state))
		broken("it is said to be in %s, and the VF's suspended is %u", states[state], sides);
	if (err && fault->what & GOES_WELL)
		broken("a slow command fails it: %s", strerrorname_np(err));
	if (!err && must_fail(fault, opcode))
		broken("it has not failed");
	if (fault->what == UNDO_TOO && state != last_state(walk))
		broken("it is in %s, which nobody can know", states[state]);
}

/*
 * What a driver cannot know of it cannot give back: an object whose making was answered too late, or not at all, and one
 * that is kept back by the firmware; its protection domain with it, which is that of a key that goes late, too.
 */
static bool may_stay(const struct fault *fault, unsigned int opcode)
{
	bool makes = opcode == CREATE_MKEY || opcode == ALLOC_PD, unmakes = opcode == DESTROY_MKEY || opcode == DEALLOC_PD;

	return (makes && fault->what & UNHEARD) || (unmakes && !(fault->what & (UNHEARD | GOES_WELL))) ||
	       (opcode == DESTROY_MKEY && fault->what & HANGS);
}

static void judge_objects(const struct fault *fault, unsigned int opcode)
{
	struct objects left = pf_objects();
	unsigned int more = may_stay(fault, opcode);

	if (left.pds < idle.pds || left.pds > idle.pds + more || left.mkeys < idle.mkeys || left.mkeys > idle.mkeys + more)
		broken("pds=%u mkeys=%u are left, of %u and %u", left.pds, left.mkeys, idle.pds, idle.mkeys);
	idle = left;
}

/* Each command may be waited for to the end, and so may what it is undone by. */
static double time_limit(const struct fault *fault)
{
	return fault->what & HANGS ? 2 * given_up_after() + 15 : 15;
}

static void run_case(unsigned int w, const struct command *command, const struct fault *fault)
{
	const struct walk *walk = &walks[w];
	double begun;
	int err;

	alarm(PATIENCE_S * 2);
	start(walk);
	settle();
	arm(fault, command);
	begun = now();
	err = take(walk);
	if (now() - begun > time_limit(fault))
		broken("it took %.1f s", now() - begun);
	if (!model_number("fault-hits"))
		broken("the fault hit nothing");
	settle();
	judge(walk, fault, command->opcode, err);
	/* A firmware that still refuses to resume the VF would leave it in ERROR. */
	set_fault("");
	reset_vf();
	settle();
	judge_objects(fault, command->opcode);
	works();
	printf("ok %s%s%s\n", vf.name, err ? ": " : "", err ? strerrorname_np(err) : "");
	told++;
}

static void name_case(unsigned int w, const struct command *command, const struct fault *fault)
{
	size_t length;

	name_walk(&walks[w]);
	length = strlen(vf.name);
	snprintf(vf.name + length, sizeof(vf.name) - length, "/%s.%u/%s", opcode_name(command->opcode), command->nth, fault->name);
}

/* All cases whose name begins with @begin, run or named. */
static void run_all(const char *begin, bool list)
{
	for (unsigned int w = 0; w < WALKS; w++) {
		if (!possible(&walks[w]))
			continue;
		look(w);
		for (unsigned int c = 0; c < seen[w].count; c++) {
			for (unsigned int f = 0; f < FAULTS; f++) {
				if (!fits(&faults[f], &seen[w].commands[c]))
					continue;
				name_case(w, &seen[w].commands[c], &faults[f]);
				if (strncmp(vf.name, begin, strlen(begin)))
					continue;
				if (list)
					puts(vf.name);
				else
					run_case(w, &seen[w].commands[c], &faults[f]);
			}
		}
	}
}

/* One case by the seed; with a command that hangs, which takes its time, or none. */
static void run_random(uint64_t *seed, bool hangs)
{
	while (true) {
		unsigned int w = seeded(seed) % WALKS, c, f;

		if (!possible(&walks[w]))
			continue;
		look(w);
		if (!seen[w].count)
			continue;
		c = seeded(seed) % seen[w].count;
		f = seeded(seed) % FAULTS;
		if (!fits(&faults[f], &seen[w].commands[c]) || !!(faults[f].what & HANGS) != hangs ||
		    (hangs && faults[f].what & UNDO_TOO))
			continue;
		name_case(w, &seen[w].commands[c], &faults[f]);
		run_case(w, &seen[w].commands[c], &faults[f]);
		return;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sample", required_argument, NULL, 'n' },	{ "seed", required_argument, NULL, 's' },
		{ "case", required_argument, NULL, 'c' },	{ "list", no_argument, NULL, 'l' },
		{},
	};
	uint64_t sample = 0, seed = time(NULL);
	const char *begins = "";
	bool list = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			sample = strtoull(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'c')
			begins = optarg;
		else if (option == 'l')
			list = true;
		else
			return fputs(usage_text, stderr), 2;
	}
	if (optind != argc - 1)
		return fputs(usage_text, stderr), 2;
	begin(argv[optind]);
	vf.monitor = monitor_open();
	timeout_s = model_number("cmd-timeout-ms") / 1000.0;
	idle = pf_objects();
	works();
	if (!sample)
		run_all(begins, list);
	if (sample)
		printf("# seed %" PRIu64 "\n", seed);
	for (uint64_t i = 0; i < sample; i++)
		run_random(&seed, false);
	if (sample)
		run_random(&seed, true);
	printf("# %" PRIu64 " cases, none broken\n", told);
	return 0;
}
