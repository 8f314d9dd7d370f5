/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - out of memory in libevent or libcrypto ends the process as it does in our own code:
 * refused memory, both free or use what they have not made yet. (Libcurl is told in multi.c.) */
#ifndef SLUICE_NET_MEMORY_H
#define SLUICE_NET_MEMORY_H

/* Before they are used first, else libcrypto keeps its own ways; again does no harm. */
void memory_as_ours(void);

#endif
