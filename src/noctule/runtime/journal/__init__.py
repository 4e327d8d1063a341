"""The journal of calls: what every service of a process did, counted, on disk for `noctule doctor`.

    recorder   counts calls in memory, at most 2 µs each
    writer     appends what was counted, every ten seconds, in a thread of its own
    entries    the lines of the files
    reader     reads the files of all processes and hosts, and adds them up
    metrics    the same counters for Prometheus

It holds names, numbers, hosts and causes: never a value, a body, a header or a secret. The files
are bounded, and a file that cannot be written fails no call. `NOCTULE_JOURNAL` names another
folder, or is `off`.
"""
