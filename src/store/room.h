/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Room on a full disk. SQLite needs some to delete: <store>/reserve holds it, and is given up while something is
 * deleted, or the store opened, on a file system that is (nearly) full. Then it is taken again, as much as there is.
 * Threads: any; who deletes beside another may find the room taken again, and fail as any writer does. */

#include "store/store.h"

void sw_store_room_give(SwStore *s);
void sw_store_room_take(SwStore *s);
