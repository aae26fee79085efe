/*
 * The load program of the bench: the edge and the generators, chosen by the first argument. Prints one line of
 * JSON, or on any unexpected answer one line on stderr and exit code 1.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: load edge NAME[=PATH]...\n"
                            "       load http PORT CONNECTIONS SECONDS PATH fixed|rotate\n"
                            "       load paced PORT CONNECTIONS SECONDS PER_SECOND\n"
                            "       load setups PORT CONNECTIONS SECONDS\n"
                            "       load echo PORT CONNECTIONS SECONDS IN_FLIGHT\n"
                            "       load idle PORT CONNECTIONS SECONDS\n"
                            "       load soak PORT CONNECTIONS SECONDS EXCHANGES SEED\n"
                            "       load tls-gets PORT CONNECTIONS SECONDS\n"
                            "       load handshakes PORT CONNECTIONS SECONDS\n"
                            "       load rally|fanout SCRIPT WARMUP_SECONDS SECONDS IN_FLIGHT";

int main(int count, char **arguments)
{
    const char *command = count > 1 ? arguments[1] : "";
    if (count > 2 && strcmp(command, "edge") == 0) return run_edge(count - 2, arguments + 2);
    if (count < 5) die("%s", usage);
    if (count == 6 && strcmp(command, "rally") == 0) {
        run_rally(read_script(arguments[2]), atof(arguments[3]), atof(arguments[4]), atoi(arguments[5]));
        return 0;
    }
    if (count == 6 && strcmp(command, "fanout") == 0) {
        run_fanout(read_script(arguments[2]), atof(arguments[3]), atof(arguments[4]), atoi(arguments[5]));
        return 0;
    }
    struct run run = {atoi(arguments[2]), atoi(arguments[3]), atof(arguments[4])};
    if (run.connections < 1 || run.connections > CONNECTIONS_MAX) die("1 to %d connections", CONNECTIONS_MAX);
    if (count == 7 && strcmp(command, "http") == 0)
        run_http(run, arguments[5], strcmp(arguments[6], "rotate") == 0);
    else if (count == 6 && strcmp(command, "paced") == 0)
        run_paced(run, atoi(arguments[5]));
    else if (count == 5 && strcmp(command, "setups") == 0)
        run_setups(run);
    else if (count == 6 && strcmp(command, "echo") == 0)
        run_echo(run, atoi(arguments[5]));
    else if (count == 7 && strcmp(command, "soak") == 0)
        run_soak(run, atol(arguments[5]), (unsigned)atol(arguments[6]));
    else if (count == 5 && strcmp(command, "idle") == 0)
        run_idle(run);
#ifdef WITH_TLS
    else if (count == 5 && strcmp(command, "tls-gets") == 0)
        run_tls_gets(run);
    else if (count == 5 && strcmp(command, "handshakes") == 0)
        run_handshakes(run);
#endif
    else
        die("%s", usage);
    return 0;
}
