/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/bytes.h"

static void copies_end_in_the_buffer(void **state)
{
	char b[6];

	(void)state;
	memset(b, 'x', sizeof(b));
	assert_true(str_copy(b, 5, "four"));
	assert_string_equal(b, "four");
	assert_int_equal(b[5], 'x');
	assert_false(str_copy(b, 5, "fiver"));
	assert_string_equal(b, "five");
	assert_int_equal(b[5], 'x');
	assert_false(str_copy(b, 0, ""));
	assert_int_equal(b[0], 'f');
	assert_true(str_copy(b, 1, ""));
	assert_string_equal(b, "");
}

static void appended_text_stands_behind(void **state)
{
	char b[6] = "ab";

	(void)state;
	assert_true(str_append(b, sizeof(b), "cd"));
	assert_string_equal(b, "abcd");
	assert_false(str_append(b, sizeof(b), "ef"));
	assert_string_equal(b, "abcde");
	assert_true(str_append(b, sizeof(b), ""));
	assert_false(str_append(b, sizeof(b), "x"));
	/* not terminated: nothing is written behind it */
	memset(b, 'x', sizeof(b));
	assert_false(str_append(b, 3, "y"));
	assert_int_equal(b[3], 'x');
}

static void characters_are_ascii_in_any_locale(void **state)
{
	int c;

	(void)state;
	for (c = -128; c < 128; c++) {
		char ch = (char)c;

		assert_int_equal(ascii_is_printable(ch), c >= 32 && c <= 126);
		assert_int_equal(ascii_is_control(ch), (c >= 0 && c < 32) || c == 127);
		assert_int_equal(ascii_is_blank(ch), c > 0 && c < 127 && strchr(" \t\n\v\f\r", c));
	}
	assert_true(str_is_printable(""));
	assert_true(str_is_printable("a b~"));
	assert_false(str_is_printable("a\tb"));
	assert_false(str_is_printable("\xc3\xa9"));
}

static void words_compare_without_case(void **state)
{
	(void)state;
	assert_true(str_same_word("MakeStep", "mAKEsTEP"));
	assert_true(str_same_word("", ""));
	assert_false(str_same_word("makestep", "makesteps"));
	assert_false(str_same_word("makesteps", "makestep"));
	assert_false(str_same_word("[", "{"));
	assert_false(str_same_word("@", "`"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_end_in_the_buffer),
		cmocka_unit_test(appended_text_stands_behind),
		cmocka_unit_test(characters_are_ascii_in_any_locale),
		cmocka_unit_test(words_compare_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
