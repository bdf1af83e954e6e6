#include <stdio.h>
#include <zlib.h>

int main(void) {
  const char text[] = "deflated and inflated";
  unsigned char packed[100], unpacked[100];
  uLongf size = sizeof packed, length = sizeof unpacked;
  if (compress(packed, &size, (const unsigned char *)text, sizeof text) != Z_OK) return 1;
  if (uncompress(unpacked, &length, packed, size) != Z_OK) return 2;
  return printf("%s by zlib %s\n", (char *)unpacked, zlibVersion()) < 0;
}
