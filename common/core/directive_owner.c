/* SPDX-License-Identifier: MIT */
/* directive_owner.c - where a line of a chrony.conf went when one file became five. */
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive.h"

#define WORD_MAX 24

static const struct {
	const char *words; /* blanks between them */
	const char *place;
} owners[] = {
	{"server pool peer allow deny local port acquisitionport bindaddress bindacqaddress "
	 "binddevice bindacqdevice hwtimestamp keyfile ratelimit clientloglimit noclientlog dscp "
	 "ntsdumpdir ntsservercert ntsserverkey ntstrustedcerts ntsrefresh ntsport nosystemcert "
	 "ntsratelimit ntpsigndsocket broadcast ptpport",
		"not of this daemon; it belongs into ntpexchd.conf"},
	{"refclock", "not of this daemon; it belongs into refclockd.conf"},
	{"minsources maxdistance maxjitter combinelimit stratumweight reselectdist authselectmode "
	 "estimator",
		"not of this daemon; it belongs into selectd.conf"},
	{"makestep maxslewrate driftfile statefile discipline rtcsync leapsecmode leapsectz "
	 "maxchange "
	 "maxupdateskew maxdrift corrtimeratio logchange",
		"not of this daemon; it belongs into disciplined.conf"},
	{"clockprecision", "it belongs into ntpexchd.conf and refclockd.conf"},
	{"leapseclist", "it belongs into disciplined.conf and refclockd.conf"},
	{"maxclockerror", "not of this daemon; it belongs into disciplined.conf and selectd.conf"},
	{"log logdir logbanner bindcmdaddress bindcmddevice cmdport cmdallow cmddeny cmdratelimit "
	 "opencommands mailonchange",
		"not of this daemon; it belongs into monitord.conf"},
	{"user pidfile lock_all sched_priority",
		"not of this daemon; the service manager does that"},
};

static bool is_listed(const char *words, const char *word)
{
	char one[WORD_MAX];

	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (length < sizeof(one)) {
			memcpy(one, words, length);
			one[length] = '\0';
			if (str_same_word(one, word))
				return true;
		}
		words += length;
		words += strspn(words, " ");
	}
	return false;
}

const char *directive_place(const char *word)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (is_listed(owners[i].words, word))
			return owners[i].place;
	}
	return NULL;
}
