/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "complete.h"
#include "config.h"
#include "host/sysroot.h"
#include "image/reader.h"
#include "json/document.h"
#include "json/progress.h"
#include "lib/cleanup.h"
#include "lib/secret.h"

/* The document as the globals ask for it; 0 or -1. */
static int print_document(const struct invocation *inv, const json_t *document,
			  bool stdout_is_data, struct err *err)
{
	FILE *out = stdout_is_data ? stderr : stdout;
	int ret;

	if (inv->globals.text)
		ret = document_print_text(document, out, inv->command->text);
	else
		ret = document_print(document, out, stdout_is_data || inv->globals.compact);
	if (ret)
		return err_set(err, ERR_IO, -ret, "writing the document");
	return 0;
}

/* What a command has drawn; 0 or -1. */
static int print_output(const char *text, struct err *err)
{
	if (fputs(text, stdout) != EOF && !fflush(stdout))
		return 0;
	return err_set(err, ERR_IO, errno, "writing to standard output");
}

static const struct invocation *emit_for;

static int emit_document(const struct request *request, const json_t *document, struct err *err)
{
	return print_document(emit_for, document, false, err);
}

/* Once it was called, stdout is no place for a document. */
static bool text_emitted;

static int emit_text(const char *text, size_t len, struct err *err)
{
	text_emitted = true;
	if (fwrite(text, 1, len, stdout) == len && !fflush(stdout))
		return 0;
	return err_set(err, ERR_IO, errno, "writing to standard output");
}

static struct progress_view progress_view_of(const struct globals *globals)
{
	bool terminal = isatty(STDERR_FILENO);

	return (struct progress_view){
		.text = globals->progress == PROGRESS_TEXT ||
			(globals->progress == PROGRESS_AUTO && terminal),
		.json = globals->progress == PROGRESS_JSON,
	};
}

/* Words on stderr, and on stdout the document, or what it has for -t; with data there, the document alone on stderr. */
static int print_failure(const struct invocation *inv, struct err *err,
			 const struct reply *reply)
{
	FILE *out = reply->stdout_is_data ? stderr : stdout;
	json_t *document;

	/* Where nothing better is known */
	if (err->code == ERR_USAGE && inv->command)
		err_hint(err, "see mlxmigctl %s --help", inv->command->name);
	document = document_error(err, json_incref(reply->document));
	if (inv->globals.text || !reply->stdout_is_data)
		print_error(err);
	if (!inv->globals.text)
		document_print(document, out, reply->stdout_is_data || inv->globals.compact);
	else if (reply->document)
		document_print_text(reply->document, out, inv->command->text);
	json_decref(document);
	return err_exit_status(err);
}

static int run(const struct invocation *inv)
{
	struct progress_view view = progress_view_of(&inv->globals);
	struct request request = {
		.command = inv->command,
		.globals = &inv->globals,
		.options = inv->options,
		.operands = inv->operands,
		.n_operands = inv->n_operands,
		.emit = emit_document,
		.emit_text = emit_text,
		.warn = print_warning,
		.progress = progress_show,
		.progress_data = &view,
	};
	struct reply reply = {};
	struct err err = ERR_INIT;

	sysroot_set(inv->globals.sysroot);
	if (inv->command->handles_state)
		secret_begin();
	image_reader_limit(inv->globals.uncompressed_max);
	emit_for = inv;
	if (inv->command->run(&request, &reply, &err) && !err_is_set(&err))
		err_set(&err, ERR_INTERNAL, 0, "%s failed without a reason", inv->command->name);
	progress_end(&view);
	/* What was made of a part of a captured host is not true, an error neither. */
	if (sysroot_exceeded()) {
		err = (struct err)ERR_INIT;
		sysroot_check(&err);
		json_decref(TAKE_PTR(reply.document));
	}
	reply.stdout_is_data |= text_emitted;
	if (!err_is_set(&err) && reply.output)
		print_output(reply.output, &err);
	else if (!err_is_set(&err) && reply.document)
		print_document(inv, reply.document, reply.stdout_is_data, &err);
	if (err_is_set(&err))
		reply.status = print_failure(inv, &err, &reply);
	json_decref(reply.document);
	free(reply.output);
	return reply.status;
}

/*
 * What is opened later must not become a standard descriptor that the caller
 * has closed, and be written to. What stands in for it fails as it would.
 */
static int occupy_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return -1;
	return 0;
}

/* Of --version and --help, whose text is no document. */
static int check_written(struct err *err)
{
	int num = fflush(stdout) ? errno : EIO;

	if (!ferror(stdout))
		return 0;
	err_set(err, ERR_IO, num, "writing to standard output");
	print_error(err);
	return err_exit_status(err);
}

/* write(2) fails with EFBIG then, for which there is a message; a program that is started has the default again. */
static void on_file_limit(int sig)
{
}

int main(int argc, char **argv)
{
	struct invocation inv = {};
	struct reply nothing = {};
	struct err err = ERR_INIT;
	int status = 0;

	if (occupy_descriptors())
		return 1;
	signal(SIGXFSZ, on_file_limit);
	if (argc > 1 && !strcmp(argv[1], COMPLETE_VERB)) {
		complete_print(argc - 2, argv + 2);
		return 0;
	}
	if (cli_parse(argc, argv, &inv, &err))
		status = print_failure(&inv, &err, &nothing);
	else if (inv.version)
		printf("mlxmigctl %s\n", PACKAGE_VERSION);
	else if (inv.help)
		cli_print_help(inv.command);
	else
		status = run(&inv);
	if (!status && (inv.version || inv.help))
		status = check_written(&err);
	cli_release(&inv);
	return status;
}
