/* A photo decoder of the form vendors' have, for tests: a picture made of the photo's own bytes; or trouble. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int unpack(char *wlt, char *bgr, int save)
{
    unsigned char order = (unsigned char)wlt[8];
    if (save != 0)
        return -2;
    if (order == 1)
        return -5; /* not licensed for this module */
    if (order == 2)
        abort();
    if (order == 3)
        sleep(60);
    if (order == 4) { /* a bitmap file of its own */
        memset(bgr, 0, 38862);
        memcpy(bgr, "BM", 2);
        return 1;
    }
    for (int row = 0; row < 126; row++)
        for (int column = 0; column < 102; column++) {
            char *pixel = bgr + (row * 102 + column) * 3;
            pixel[0] = (char)row;    /* blue */
            pixel[1] = (char)column; /* green */
            pixel[2] = (char)200;    /* red */
        }
    return 1;
}
