/* SPDX-License-Identifier: Apache-2.0 */
/* The program's entry. What it does is decided by the first argument: see cli/. */

int main(void) {
    return 0;
}
