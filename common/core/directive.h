/* SPDX-License-Identifier: MIT */
/*
 * directive.h - configuration lines in chrony's syntax, parsed through a table into structs. Pure.
 *
 * One table a daemon gives parser, defaults, ranges, help, `--check`, `--dump-config` and the
 * tables of the man page. A line is: directive, positional arguments, options. Words are
 * case-insensitive as in chrony; values are not. Comments start with # ! ; or % at the start of a
 * line, and a # after a blank ends a line.
 *
 *   makestep 0.1 3                         positional: threshold limit
 *   server ntp.example.net iburst poll 4   positional: name; options: iburst (flag), poll (int)
 *   driftfile "/var/lib/my drift"          one extension: quotes hold blanks together, no escapes
 *
 * Required arguments stand first; behind them an option's word is always that option, so it may
 * stand before an optional argument too ("allow all 10.0.0.0/8"). An option stands once in a line.
 * Values of FIELD_ENUM are words (case-insensitive); numbers are plain decimals; an empty string is
 * refused. Words are printable ASCII, as on the bus; comments may hold anything.
 *
 * A directive with item_size == 0 stands once: fields lie in the configuration struct itself, and
 * the last line wins. Others are lists: each line appends an item of item_size to the array at
 * `list`, its length an int at `count`. Several directives may fill one list (server, pool): all but
 * one of them then mark their items by the bool at `given`.
 *
 * A wrong table (fallback out of range, FIELD_FLAG as argument, min >= max, `given` on top of another
 * field) is a bug of the program: directive_defaults() asserts.
 */
#ifndef TB_DIRECTIVE_H
#define TB_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_FLAG,   /* bool; no value: the word alone sets it */
	FIELD_INT,    /* int, min..max */
	FIELD_DOUBLE, /* double, min..max */
	FIELD_STRING, /* char[size]; longer is an error */
	FIELD_ENUM,   /* int, index into choices ("a|b|c") */
	FIELD_REFID,  /* uint32_t: one to four ASCII characters, left-justified */
	FIELD_NOTHING /* accepted and ignored, with its help as a notice; takes one value if max > 0 */
};

struct directive_field {
	const char *word;     /* option word, or name of the positional argument */
	enum field_type type;
	size_t offset;	      /* in the item, or in the configuration where there is no list */
	size_t size;	      /* FIELD_STRING: of the array */
	double min, max;      /* FIELD_INT, FIELD_DOUBLE */
	const char *fallback; /* default as it would be written; NULL: 0, "", false */
	const char *unit;     /* "" if none */
	const char *choices;  /* FIELD_ENUM */
	const char *help;     /* one line, for man page and errors */
	bool optional;	      /* positional argument that may be left out */
};

struct directive {
	const char *word;
	const char *help;
	const struct directive_field *positional; /* ends with word == NULL; NULL: none */
	const struct directive_field *options;	  /* likewise */
	size_t item_size;			  /* 0: stands once */
	size_t list, count;			  /* offsets in the configuration of array and int */
	int max_items;
	bool flag;	    /* the word alone sets a bool at `given` */
	size_t given;	    /* offset of a bool set when the directive was read, in the item or, where
			     * there is no list, in the configuration; SIZE_MAX: none */
	bool source;	    /* a wrong line switches this item off; the rest of the file counts */
	const char *ignored; /* not NULL: accepted without effect, and why (told with --check) */
	/* Checks that need the whole item. NULL, or 0 if it is good, else a text in error (what was
	 * wrong and what is allowed). item: the item, or the configuration where there is no list. */
	int (*check)(const void *item, char *error, size_t error_size);
};

#define DIRECTIVE_WORDS_MAX 160
#define DIRECTIVE_LINE_MAX  2048
#define DIRECTIVE_ERROR_MAX 480

enum directive_result {
	DIRECTIVE_OK,	   /* error holds a notice if options of the line have no effect, else "" */
	DIRECTIVE_EMPTY,   /* blank or comment */
	DIRECTIVE_INCLUDE, /* include, confdir or sourcedir: the caller reads files; see include[] */
	DIRECTIVE_IGNORED, /* read, has no effect here; error holds the notice */
	DIRECTIVE_WRONG	   /* error holds "FILE:LINE: WORD: what is wrong (what is allowed)" */
};

struct directive_parser {
	const struct directive *table; /* ends with word == NULL */
	void *config;
	const char *file; /* for messages */
	int line;	  /* of the line being parsed, from 1; the caller counts */
	/* answers */
	bool soft; /* the wrong line was one of a source: go on without it */
	enum { INCLUDE_FILE, INCLUDE_CONFDIR, INCLUDE_SOURCEDIR } include_kind;
	char include[512]; /* the file pattern; directories with '\n' between them */
	char error[DIRECTIVE_ERROR_MAX];
};

/* Sets every field of the configuration to its default. The struct must be zeroed before. */
void directive_defaults(const struct directive *table, void *config);

/* Parses one line (without its newline). Touches the configuration only on DIRECTIVE_OK. */
enum directive_result directive_line(struct directive_parser *p, const char *line);

/*
 * The configuration in force as lines that parse to the same: calls out(arg, line) for each.
 * Values equal to their default are printed too unless changed_only.
 */
void directive_dump(const struct directive *table, const void *config, bool changed_only,
	void (*out)(void *arg, const char *line), void *arg);

/* The table as mdoc list items for the man page. */
void directive_manual(const struct directive *table,
	void (*out)(void *arg, const char *line), void *arg);

/* For a word that the table does not know: in which other file of the suite chrony's directive of
 * that name has its place, for a message; NULL if chrony's would be new to all of them. */
const char *directive_place(const char *word);

/* 64-bit FNV-1a over what directive_dump() prints: equal configurations, equal digests. */
uint64_t directive_digest(const struct directive *table, const void *config);

#endif
