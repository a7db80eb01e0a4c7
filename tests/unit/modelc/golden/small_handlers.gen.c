/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from operations/small.json; changes belong there. */

#include "models/small.gen.h"

const SwHandler small_handlers[SMALL_OP_MAX] = {
    [SMALL_DESCRIBE_THINGS] = {SW_HANDLER(small_describe_things), 0},
    [SMALL_GET_TICKET] = {SW_HANDLER(small_get_ticket), SW_OWN_TX | SW_WRITES},
    [SMALL_LIST_THINGS] = {SW_HANDLER(small_list_things), 0},
    [SMALL_PUT_THING] = {SW_HANDLER(small_put_thing), 0},
    [SMALL_TOUCH_THING] = {SW_HANDLER(small_touch_thing), SW_AUTHORISES},
};
