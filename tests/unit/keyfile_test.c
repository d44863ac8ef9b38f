/* SPDX-License-Identifier: MIT */
/* Key files as text and on the disk, and addresses of the remote bus. */
#include "tcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bus/key.h"
#include "common/core/endpoint.h"

#define K1 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID" /* of ZeroMQ's own examples */
#define K2 "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static int parse(const char *text, struct keyfile *f, char error[KEYFILE_ERROR_SIZE])
{
	return keyfile_parse(text, strlen(text), f, error);
}

static void keys_and_names_are_read(void **state)
{
	char error[KEYFILE_ERROR_SIZE];
	struct keyfile f;

	(void)state;
	assert_int_equal(
		parse("# of two machines\n\n public " K1 " guest one \r\npublic\t" K2, &f, error),
		0);
	assert_int_equal(f.count, 2);
	assert_string_equal(f.entry[0].key, K1);
	assert_string_equal(f.entry[0].name, "guest one");
	assert_string_equal(f.entry[1].name, "");
	assert_string_equal(f.secret, "");
	assert_ptr_equal(keyfile_find(&f, K2), &f.entry[1]);
	assert_null(keyfile_find(&f, "Yne"));
	assert_int_equal(parse("secret " K2 "\n", &f, error), 0);
	assert_string_equal(f.secret, K2);
	assert_int_equal(f.count, 0);
}

static void wrong_lines_are_named_without_their_keys(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "there is no key in it"},
		{"# nothing\n", "there is no key in it"},
		{"curve\n", "line 1: it does not begin with public or secret"},
		{"\npublic\n", "line 2: the key is not 40 characters"},
		{"public Yne@$w\n", "line 1: the key is not 40 characters"},
		{"public " K1 "x\n", "line 1: the key is not 40 characters"},
		{"secret " K1 "\nsecret " K2, "line 2: a second secret key"},
		/* a character that Z85 has not, and a group above 32 bits */
		{"secret ~ne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "line 1: the key is not 40"},
		{"public #####@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{", "line 1: the key is not 40"},
	};
	char error[KEYFILE_ERROR_SIZE];
	struct keyfile f = {.count = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text, &f, error), -EINVAL);
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			print_error("%s\n", error);
		assert_int_equal(strncmp(error, cases[i].error, strlen(cases[i].error)), 0);
		assert_null(strstr(error, "Yne@"));
		assert_int_equal(f.count, 77);
	}
}

static void more_keys_than_fit_are_an_error(void **state)
{
	static char text[65 * (KEY_SIZE + 8)];
	char error[KEYFILE_ERROR_SIZE];
	struct keyfile f;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < KEYFILE_KEYS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "public %s\n", K1);
	assert_int_equal(parse(text, &f, error), 0);
	assert_int_equal(f.count, KEYFILE_KEYS_MAX);
	(void)snprintf(text + n, sizeof(text) - n, "public %s\n", K1);
	assert_int_equal(parse(text, &f, error), -EINVAL);
	assert_non_null(strstr(error, "line 65: too many public keys"));
}

/* ---- files ---- */

static char dir[] = "/tmp/timebus-key-XXXXXX";
static char path[64], public_path[80];

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/a.key", dir);
	(void)snprintf(public_path, sizeof(public_path), "%s.pub", path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(public_path);
	return rmdir(dir);
}

static unsigned int mode_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

static void what_is_written_is_read(void **state)
{
	struct key_pair pair, back;
	char error[KEY_ERROR_SIZE];
	struct keyfile f;

	(void)state;
	assert_int_equal(key_draw(&pair), 0);
	assert_string_not_equal(pair.public, pair.secret);
	assert_int_equal(key_write(path, &pair, "box", error), 0);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(mode_of(public_path), 0644);
	assert_int_equal(key_read_private(path, &back, error), 0);
	assert_memory_equal(&pair, &back, sizeof(pair));
	assert_int_equal(key_read_public(public_path, &f, error), 0);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.entry[0].key, pair.public);
	assert_string_equal(f.entry[0].name, "box");
	assert_string_equal(f.secret, "");
	/* not over what is there */
	assert_int_equal(key_write(path, &pair, "box", error), -EEXIST);
	assert_int_equal(unlink(public_path), 0);
	assert_int_equal(key_write(path, &pair, "box", error), -EEXIST);
	assert_non_null(strstr(error, "a.key is there already"));
	assert_int_equal(access(public_path, F_OK), -1);
}

static void the_wrong_file_is_told(void **state)
{
	struct key_pair pair;
	char error[KEY_ERROR_SIZE];
	struct keyfile f;

	(void)state;
	assert_int_equal(key_draw(&pair), 0);
	assert_int_equal(key_read_private(path, &pair, error), -ENOENT);
	assert_non_null(strstr(error, "a.key is not there (timebus keygen"));
	assert_int_equal(key_write(path, &pair, "box", error), 0);
	assert_int_equal(key_read_private(public_path, &pair, error), -EPERM); /* 0644 */
	assert_int_equal(chmod(public_path, 0600), 0);
	assert_int_equal(key_read_private(public_path, &pair, error), -EINVAL);
	assert_non_null(strstr(error, "holds no secret key"));
	assert_int_equal(key_read_public(path, &f, error), -EINVAL);
	assert_non_null(strstr(error, "holds a secret key"));
	assert_int_equal(key_read_public(dir, &f, error), -EINVAL);
	assert_non_null(strstr(error, "is not a file"));
	assert_int_equal(key_read_public("/dev/zero", &f, error), -EINVAL);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
	static const mode_t bad[] = {0604, 0602, 0644, 0620, 0666};
	static const mode_t good[] = {0600, 0400, 0640, 0440};
	struct key_pair pair;
	char error[KEY_ERROR_SIZE];

	(void)state;
	assert_int_equal(key_draw(&pair), 0);
	assert_int_equal(key_write(path, &pair, "box", error), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		assert_int_equal(key_read_private(path, &pair, error), -EPERM);
		assert_non_null(strstr(error, "chmod 600"));
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(chmod(path, good[i]), 0);
		assert_int_equal(key_read_private(path, &pair, error), 0);
	}
}

/* ---- addresses ---- */

static void addresses(void **state)
{
	static const struct {
		const char *text;
		bool to, at; /* may be connected to; listened on */
	} cases[] = {
		{"tcp://192.0.2.1:9123", true, true},
		{"tcp://[2001:db8::1]:1", true, true},
		{"tcp://[::]:65535", true, true},
		{"tcp://*:9123", false, true},
		{"tcp://host.example.net:9123", true, false},
		{"tcp://a-b_c:9", true, false},
		{"tcp://192.0.2.1:65536", false, false},
		{"tcp://192.0.2.1:0", false, false},
		{"tcp://192.0.2.1:*", false, false},
		{"tcp://192.0.2.1:", false, false},
		{"tcp://192.0.2.1", false, false},
		{"tcp://:9123", false, false},
		{"tcp://[192.0.2.1]:9123", false, false},
		{"tcp://[::1:9123", false, false},
		{"tcp://2001:db8::1:9123", false, false},
		{"tcp://a;b:9123", false, false},
		{"tcp://a b:9123", false, false},
		{"udp://192.0.2.1:9123", false, false},
		{"ipc:///run/x", false, false},
		{"tcp://", false, false},
		{":", false, false},
		{"", false, false},
	};
	char error[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *t = cases[i].text;
		bool to = endpoint_check(t, false, error, sizeof(error)) == 0;
		bool at = endpoint_check(t, true, error, sizeof(error)) == 0;

		if (to != cases[i].to || at != cases[i].at)
			print_error("%s: %d %d\n", t, to, at);
		assert_int_equal(to, cases[i].to);
		assert_int_equal(at, cases[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_names_are_read),
		cmocka_unit_test(wrong_lines_are_named_without_their_keys),
		cmocka_unit_test(more_keys_than_fit_are_an_error),
		cmocka_unit_test_setup_teardown(what_is_written_is_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(the_wrong_file_is_told, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_secret_that_others_may_read_is_refused, make_dir, remove_dir),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
