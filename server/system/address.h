/* IP addresses and CIDR blocks as numbers. Pure; any thread. */
#ifndef CS_SERVER_SYSTEM_ADDRESS_H
#define CS_SERVER_SYSTEM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

/* IPv4 stands as ::ffff:a.b.c.d, so that one comparison does for both. */
typedef unsigned __int128 address;
#define ADDRESS_V4 ((address)0xffff << 32)
#define ADDRESS_V4_LAST (ADDRESS_V4 | UINT32_MAX)

enum { ADDRESS_TEXT = 46 };

/* An address as text, without blanks. */
bool address_read(struct span text, address *out);
void address_write(address a, char out[ADDRESS_TEXT]);
/* "10.0.0.0/8", "fd00::/8", or one address. What stands behind the prefix is not looked at. A block of ::ffff:10.0.0.0
 * that is larger than IPv4 does not read: it would not have the address that it is written with. */
bool address_block_read(struct span text, address *first, address *last);
/* A block of IPv6 that is larger than IPv4 has none of it, though it lies within: who says ::/0 means IPv6. */
bool address_block_has(address first, address last, address a);
/* What one subscriber has, as a number: an IPv4 address, or the /64 of an IPv6 one. */
uint64_t address_subscriber(address a);

#endif
