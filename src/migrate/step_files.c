/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/step_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "migrate/load_stream.h"
#include "migrate/precopy.h"
#include "migrate/save_file.h"
#include "vfio/migration.h"

#define STATE_TEXT 32

static int no_state(const char *text, struct err *err)
{
	err_set(err, ERR_USAGE, 0, "no such state: %s", text);
	return err_hint(err,
			"the states are STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY and PRE_COPY_P2P");
}

static int parse_one(const char *device, const char *text,
		     struct step_target *step, struct err *err)
{
	const char *equals = strchr(text, '=');
	char name[STATE_TEXT], buf[OPERAND_SIZE];

	step->file = equals ? equals + 1 : NULL;
	if (text_format(name, sizeof(name), "%.*s",
			(int)(equals ? equals - text : (long)strlen(text)),
			text) ||
	    state_parse(name, &step->state))
		return no_state(text, err);
	if (step->state == STATE_ERROR) {
		err_set(err, ERR_USAGE, 0, "no device can be asked into ERROR");
		return err_hint(err,
				"a device enters it by itself, and leaves it by mlxmigctl reset %s",
				text_shell_word(buf, device, "DEVICE"));
	}
	if (!step->file)
		return 0;
	if (!*step->file) {
		err_set(err, ERR_USAGE, 0, "%s without a file", text);
		return err_hint(err, "name it: %svf.mig, or %s- for standard %s",
				text, text,
				step->state == STATE_RESUMING ? "input" :
								"output");
	}
	if (state_has_data(step->state))
		return 0;
	err_set(err, ERR_USAGE, 0, "%s: no data is saved or loaded in %s",
		text, state_name(step->state));
	return err_hint(err, "STOP_COPY, PRE_COPY and PRE_COPY_P2P save into a file, RESUMING loads one");
}

static bool is_saved(const struct step_target *step)
{
	return step->file && step->state != STATE_RESUMING;
}

static int say_incomplete(const char *file, struct err *err)
{
	char buf[OPERAND_SIZE];

	err_set(err, ERR_USAGE, 0, "what is saved into %s is not whole before STOP_COPY", file);
	return err_hint(err, "as in PRE_COPY=%s STOP_COPY STOP",
			strcmp(file, "-") ? text_operand(buf, file) : "-");
}

/* A saving session goes on from PRE_COPY to STOP_COPY, with one file. */
static int check_sessions(const struct step_target *steps, size_t n, struct err *err)
{
	const char *open = NULL;

	for (size_t i = 0; i < n; i++) {
		enum device_state state = steps[i].state;
		bool goes_on = state == STATE_PRE_COPY ||
			       state == STATE_PRE_COPY_P2P || state == STATE_STOP_COPY;

		if (open && (steps[i].file || !goes_on))
			return say_incomplete(open, err);
		if (is_saved(&steps[i]))
			open = steps[i].file;
		if (state == STATE_STOP_COPY)
			open = NULL;
	}
	return open ? say_incomplete(open, err) : 0;
}

static int check_names(const struct step_target *steps, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			if (!steps[i].file || !steps[j].file ||
			    strcmp(steps[i].file, steps[j].file))
				continue;
			if (is_saved(&steps[i]) && is_saved(&steps[j]))
				return err_set(err, ERR_USAGE, 0, "%s is written twice",
					       steps[i].file);
			if (!strcmp(steps[i].file, "-") && !is_saved(&steps[i]) && !is_saved(&steps[j]))
				return err_set(err, ERR_USAGE, 0, "standard input is read twice");
		}
	return 0;
}

int steps_parse(char *const *operands, size_t n, struct step_target *steps, struct err *err)
{
	if (n > ARCS_MAX)
		return err_set(err, ERR_USAGE, 0, "%zu states; at most %d at a time", n, ARCS_MAX);
	for (size_t i = 0; i < n; i++)
		if (parse_one(operands[0], operands[i + 1], &steps[i], err))
			return -1;
	return check_sessions(steps, n, err) || check_names(steps, n, err) ? -1 : 0;
}

size_t steps_count_files(const struct step_target *steps, size_t n)
{
	size_t files = 0;

	for (size_t i = 0; i < n; i++)
		files += !!steps[i].file;
	return files;
}

bool steps_load(const struct step_target *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].file && !is_saved(&steps[i]))
			return true;
	return false;
}

bool steps_write_stdout(const struct step_target *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_saved(&steps[i]) && !strcmp(steps[i].file, "-"))
			return true;
	return false;
}

/* One file of the walk: a save_file or a load_stream. */
struct step_file {
	const struct step_target *step;
	struct transfer_result *result;
	bool loads;
	bool late; /* an earlier step writes what this one reads */
	bool unpublished;
	struct save_file save_file;
	struct load_stream load_stream;
};

struct step_run {
	const struct step_files_plan *options;
	const struct step_target *steps;
	size_t n_steps;
	struct step_file *files;
	size_t n_files;
	struct transfer_result walked; /* of the walk as a whole */
	struct mig_device dev;
	struct step_file *saving; /* whose session goes on */
	struct step_file *loading; /* whose data the device has, and has not left RESUMING with */
	const struct step_file *loaded; /* whose state the device has */
	bool ours; /* the session that it is in, if any, is a file's */
};

static void step_run_release(struct step_run *s)
{
	for (size_t i = 0; s->files && i < s->n_files; i++) {
		save_file_release(&s->files[i].save_file);
		load_stream_release(&s->files[i].load_stream);
	}
	free(s->files);
}

/* By whatever name. */
static bool is_written_before(const struct step_run *s, const struct step_file *piece)
{
	for (const struct step_file *p = s->files; p < piece; p++)
		if (!p->loads && outfile_is(&p->save_file.out, piece->step->file))
			return true;
	return false;
}

/* What has one name was seen to before. */
static int check_twice(const struct step_run *s, const struct step_file *piece, struct err *err)
{
	return is_written_before(s, piece) ?
		       err_set(err, ERR_USAGE, 0, "%s is written twice", piece->step->file) : 0;
}

static int prepare_file(struct step_run *s, struct step_file *p, struct err *err)
{
	const struct device *device = s->dev.device;

	p->result->file = p->step->file;
	p->loads = p->result->read = p->step->state == STATE_RESUMING;
	p->load_stream = (struct load_stream)LOAD_STREAM_INIT;
	p->load_stream.options = &s->options->in;
	p->load_stream.result = p->result;
	p->load_stream.dev = &s->dev;
	save_file_init(&p->save_file, &s->options->out, device, s->dev.vdev,
		       p->step->file, p->result);
	if (!p->loads)
		return check_twice(s, p, err) || save_file_open(&p->save_file, err) ? -1 : 0;
	p->result->raw = p->result->compressed = false;
	p->late = is_written_before(s, p);
	if (p->late && s->options->in.check_with)
		return err_set(err, ERR_USAGE, 0, "--check-with: %s is written by an earlier step",
			       p->step->file);
	return p->late ? 0 : load_stream_open(&p->load_stream, device, p->step->file, err);
}

static int prepare_all(struct step_run *s, struct step_result *result, struct err *err)
{
	s->files = calloc(result->n_files, sizeof(*s->files));
	if (!s->files)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu files", result->n_files);
	for (size_t i = 0; i < s->n_steps; i++) {
		struct step_file *p = &s->files[s->n_files];

		if (!s->steps[i].file)
			continue;
		p->step = &s->steps[i];
		p->result = &result->files[s->n_files++];
		if (prepare_file(s, p, err))
			return -1;
	}
	return 0;
}

/* What only the open device tells. Nothing is moved yet. */
static int check_device(struct step_run *s, struct err *err)
{
	if (mig_device_require_paused(&s->dev, err) ||
	    walk_check_live(s->dev.vdev, s->steps, s->n_steps, err))
		return -1;
	for (size_t i = 0; i < s->n_files; i++) {
		struct step_file *p = &s->files[i];

		p->result->opened = true;
		p->save_file.dev.caps = s->dev.caps;
		p->result->transfer.origin = s->dev.walker.state;
		p->result->transfer.lender = s->walked.transfer.lender;
		if (p->loads && (load_stream_check_guest(&p->load_stream, err) ||
				 (!p->late &&
				  load_stream_check_offer(&p->load_stream, err))))
			return -1;
	}
	return 0;
}

/* All are on the disk before the first has its name; one that does not get its own takes none of the others with it. */
static int publish_all(struct step_run *s, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < s->n_files; i++)
		if (s->files[i].unpublished && save_file_sync(&s->files[i].save_file, err))
			return -1;
	if (interrupt_check(err))
		return -1;
	for (size_t i = 0; i < s->n_files; i++) {
		struct step_file *p = &s->files[i];

		if (!p->unpublished)
			continue;
		p->unpublished = false;
		ret |= save_file_publish(&p->save_file, err);
	}
	return ret;
}

/* Before the arc, as far as it can be done then. */
static int ready_file(struct step_run *s, struct step_file *p, struct err *err)
{
	if (!p)
		return 0;
	p->result->transfer.started_unix_ns = now_unix_ns();
	if (!p->loads)
		return save_file_begin(&p->save_file, err);
	if (!p->late)
		return 0;
	return publish_all(s, err) ||
	       load_stream_open(&p->load_stream, s->dev.device, p->step->file, err) ||
	       load_stream_check_offer(&p->load_stream, err) ? -1 : 0;
}

#define PRECOPY_WAIT_NS (60 * 1000000000ull) /* for what the firmware saves while the device runs */

/* All that there is while it runs: once, until there is no more for now. */
static int read_running(struct save_file *p, struct err *err)
{
	struct round_reader reader = { .fd = p->data_fd,
				       .name = p->dev.device->name,
				       .deadline_ns = now_ns() + PRECOPY_WAIT_NS };
	const struct progress sample = { .round = 1 };
	struct precopy_info left;
	uint64_t bytes;
	int ret;

	p->precopied = true;
	/* What there is not would be waited for. */
	ret = mig_precopy_info(p->data_fd, &left);
	if (!ret && !left.initial_bytes && !left.dirty_bytes)
		return 0;
	if (fcntl(p->data_fd, F_SETFL, O_RDONLY | O_NONBLOCK))
		return err_set(err, ERR_INTERNAL, errno, "fcntl");
	ret = save_file_pump(p, PHASE_PRE_COPY, round_read, &reader, &sample, &bytes, err);
	if (!ret && fcntl(p->data_fd, F_SETFL, O_RDONLY))
		return err_set(err, ERR_INTERNAL, errno, "fcntl");
	return ret;
}

static int save_here(struct step_run *s, enum device_state state, struct err *err)
{
	struct step_file *p = s->saving;
	uint64_t begun = now_ns();

	if (state != STATE_STOP_COPY)
		return read_running(&p->save_file, err);
	if (save_file_read_rest(&p->save_file, err) || save_file_finish(&p->save_file, begun, err))
		return -1;
	p->unpublished = true;
	s->saving = NULL;
	return 0;
}

static int load_here(struct step_run *s, struct step_file *p, struct err *err)
{
	s->loading = p;
	if (load_stream_run(&p->load_stream, err))
		return load_stream_hint_verify(&p->load_stream, err);
	cleanup_closep(&p->load_stream.data_fd);
	p->load_stream.data_fd = -1;
	return 0;
}

static int no_fd(const struct step_run *s, const struct step_target *step, struct err *err)
{
	char buf[OPERAND_SIZE];

	err_set(err, ERR_REFUSED, 0,
		"%s was in %s already, and the data fd that came with that is somebody else's, or lost",
		s->dev.device->name, state_name(step->state));
	if (step->state == STATE_RESUMING)
		err_hint(err, "only a reset ends that: mlxmigctl reset %s",
			 text_shell_word(buf, s->dev.device->name, "DEVICE"));
	else
		err_hint(err, "take it to STOP or RUNNING first, in the same walk");
	return err_device(err, s->dev.device->name);
}

/* Out of RESUMING: the driver has all it wants, or says so. */
static int walk_to_state(struct step_run *s, enum device_state state, int *fd, struct err *err)
{
	struct step_file *loaded = s->loading;

	if (mig_device_walk(&s->dev, state, fd, err))
		return loaded ? load_stream_hint_bare(&loaded->load_stream, err) : -1;
	if (loaded && state != STATE_RESUMING) {
		loaded->result->loaded = loaded->result->done = true;
		load_stream_warn_of_framing(&loaded->load_stream);
		s->loading = NULL;
		s->loaded = loaded;
		s->dev.rest = STATE_STOP;
	}
	return 0;
}

static int take_step(struct step_run *s, const struct step_target *step,
		     struct step_file *p, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (interrupt_check(err) || ready_file(s, p, err) || walk_to_state(s, step->state, &fd, err))
		return -1;
	if (p && fd < 0)
		return no_fd(s, step, err);
	s->ours = p || s->saving;
	if (p && p->loads) {
		p->load_stream.data_fd = TAKE_FD(fd);
		return load_here(s, p, err);
	}
	if (p) {
		p->save_file.data_fd = TAKE_FD(fd);
		s->saving = p;
	}
	return s->saving ? save_here(s, step->state, err) : 0;
}

static int take_steps(struct step_run *s, struct err *err)
{
	struct step_file *next = s->files;

	for (size_t i = 0; i < s->n_steps; i++)
		if (take_step(s, &s->steps[i], s->steps[i].file ? next++ : NULL, err))
			return -1;
	return publish_all(s, err);
}

/* What nothing was done to, and RESUMING that it was found in, stay as they are. What was loaded stays too, and does not run. */
static void undo_steps(struct step_run *s)
{
	struct load_stream d = { .dev = &s->dev, .result = &s->walked };
	const struct walk *walk = &s->walked.transfer.walk;

	if (walk_entered(walk, STATE_RESUMING))
		load_stream_undo(&d);
	else if (walk->n_arcs && s->dev.walker.state != STATE_RESUMING)
		mig_device_put_back(&s->dev);
	if (s->loaded && !s->walked.transfer.lost)
		transfer_result_warn(&s->walked, "it has the state of %s now",
				     s->loaded->step->file);
}

static void fill_result(const struct step_run *s, struct step_result *result)
{
	const struct transfer *walked = &s->walked.transfer;

	text_copy(result->access.device, sizeof(result->access.device), s->dev.device->name);
	text_copy(result->access.driver, sizeof(result->access.driver), s->dev.device->driver);
	result->access.lender = walked->lender;
	result->access.resets = s->dev.caps.reset;
	result->access.has_state = true;
	result->walk = walked->walk;
	result->origin = walked->origin;
	result->access.state = s->dev.walker.state;
	result->lost = walked->lost;
	if (s->loading && walked->final == STATE_RESUMING)
		transfer_result_warn(s->loading->result,
				     "it has the data, which it loads when it leaves RESUMING (for STOP)");
	for (size_t i = 0; i < s->walked.n_warnings; i++)
		transfer_result_warn(&result->files[0], "%s", s->walked.warnings[i]);
	result->closed_fd = !s->ours && walk_left_session(&result->walk, result->access.state);
}

static void targets_of(const struct step_run *s, enum device_state *targets)
{
	for (size_t i = 0; i < s->n_steps; i++)
		targets[i] = s->steps[i].state;
}

int step_files_run(const struct device *device, struct vdev *vdev, const struct step_target *steps,
		   size_t n, const struct step_files_plan *options, struct step_result *result,
		   struct err *err)
{
	CLEANUP(step_run_release)
	struct step_run s = { .options = options, .steps = steps, .n_steps = n };
	enum device_state targets[ARCS_MAX];
	int ret;

	s.dev = (struct mig_device){ .device = device, .vdev = vdev,
				.result = &s.walked };
	targets_of(&s, targets);
	if (prepare_all(&s, result, err) ||
	    vdev_open(vdev, device, options->out.use, err) ||
	    mig_device_take(&s.dev, err))
		return err_device(err, device->name);
	ret = check_device(&s, err) ||
	      walk_plan(s.dev.walker.state, targets, n, s.dev.caps.flags,
			err) ? err_device(err, device->name) :
			       take_steps(&s, err);
	if (ret && !mig_device_was_moved(&s.dev, err))
		undo_steps(&s);
	fill_result(&s, result);
	return ret;
}
