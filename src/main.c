/* SPDX-License-Identifier: Apache-2.0 */
/* The program's entry. What it does is decided by the first argument: see cli/. */

#include "cli/cli.h"

int main(int argc, char **argv) {
    return sw_cli_main(argc, argv);
}
