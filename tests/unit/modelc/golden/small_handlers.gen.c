/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from operations/small.json; changes belong there. */

#include "models/small.gen.h"

static const SwToken put_thing_token = {
    .at = 4,
    .within[0] = 0,
    .n_within = 1,
    .conflict = &SMALL_THING_NOT_FOUND,
    .text = "again",
    .life_s = 60,
};

const SwHandler small_handlers[SMALL_OP_MAX] = {
    [SMALL_DESCRIBE_THINGS] = {SW_HANDLER(small_describe_things), 0},
    [SMALL_GET_TICKET] = {SW_HANDLER(small_get_ticket), SW_OWN_TX | SW_WRITES},
    [SMALL_LIST_THINGS] = {SW_HANDLER(small_list_things), 0},
    [SMALL_PUT_THING] = {SW_HANDLER(small_put_thing), 0, &put_thing_token},
    [SMALL_SHOW_THING] = {SW_HANDLER(small_show_thing), 0},
    [SMALL_TOUCH_THING] = {SW_HANDLER(small_touch_thing), SW_AUTHORISES},
};
