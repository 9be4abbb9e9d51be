"""Texts that dockerd 20.10.24 refuses as its daemon.json, with its own words and the place it means."""

from dckgrade.probes.docker.daemon_json.settings import DaemonJsonProblem

REFUSED: list[tuple[str, DaemonJsonProblem, str, tuple[int, int]]] = [
    (
        '{\n  "log-driver": "json-file",\n  "log-opts": {"max-size": "10m", "max-file": "3",}\n}\n',
        *("not-json", "invalid character '}' looking for beginning of object key string", (3, 50)),
    ),
    (
        '{"log-driver": "json-file",\n "log-opts": {"max-size": "10m",\n "max-file": 3}}',
        *(
            "not-text",
            "json: cannot unmarshal number into Go struct field Config.log-opts of type string",
            (3, 2),
        ),
    ),
    ('{"log-driver": "json-file",\n "log-opts": {"max-size": "10m"}', "not-json", "unexpected EOF", (2, 33)),
    ('{"log-driver": "json-file\n', "not-json", r"invalid character '\n' in string literal", (1, 26)),
    ('{\n "log-driver": "json-file"\n\n', "not-json", "unexpected EOF", (2, 27)),
    ("", "not-json", "EOF", (1, 1)),
    (" \n", "not-json", "EOF", (2, 1)),
    (
        '{"log-driver": "json-file", // here\n "log-opts": {"max-size": "10m"}}',
        *("not-json", "invalid character '/' looking for beginning of object key string", (1, 29)),
    ),
    (
        '{\n# here\n"log-driver": "json-file"}',
        *("not-json", "invalid character '#' looking for beginning of object key string", (2, 1)),
    ),
    (
        '{“log-driver”: "json-file"}',
        *("not-json", "invalid character 'â' looking for beginning of object key string", (1, 2)),
    ),
    (
        "{'log-driver': 'json-file'}",
        *("not-json", r"invalid character '\'' looking for beginning of object key string", (1, 2)),
    ),
    (
        '{"log-driver": "json-file"\n "log-opts": {"max-size": "10m"}}',
        *("not-json", "invalid character '\"' after object key:value pair", (2, 2)),
    ),
    ('{"log-driver": "json\tfile"}', "not-json", r"invalid character '\t' in string literal", (1, 21)),
    (
        '{\u00a0"log-driver": "json-file"}',
        *("not-json", "invalid character 'Â' looking for beginning of object key string", (1, 2)),
    ),
    (
        '{"logDriver": "json-file"}',
        *("unknown-key", "the following directives don't match any configuration option: logDriver", (1, 2)),
    ),
    (
        '{"Log-Driver": "json-file"}',
        *("unknown-key", "the following directives don't match any configuration option: Log-Driver", (1, 2)),
    ),
    (
        '{"log-driver":"json-file","log-opt": {"max-size": "10m"}}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 39)),
    ),
    (
        '{"log-driver":"json-file","max-size": "10m"}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 27)),
    ),
    (
        '{"log-opts": {"max-size": "10m"}, "Log-opts": {"max-size":"3"}}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 48)),
    ),
    (
        '{"log-driver":"json-file","log-opts": {"maxsize": "10m"}}',
        *(
            "unknown-option",
            "failed to set log opts: unknown log opt 'maxsize' for json-file log driver",
            (1, 40),
        ),
    ),
    (
        '{"log-opts": {"MAX-SIZE": "10m"}}',
        *(
            "unknown-option",
            "failed to set log opts: unknown log opt 'MAX-SIZE' for json-file log driver",
            (1, 15),
        ),
    ),
    (
        '{"log-driver":"journald",\n"log-opts":{"max-size":"10m","max-file":"3"}}',
        *(
            "unknown-option",
            "failed to set log opts: unknown log opt 'max-size' for journald log driver",
            (2, 13),
        ),
    ),
    (
        '{"log-driver":"json-file","log-opts":{"mode":"nonblocking"}}',
        "refused-value",
        "failed to set log opts: logger: logging mode not supported: nonblocking",
        (1, 39),
    ),
    (
        '{"log-opts":{"max-buffer-size":"4m"}}',
        "refused-value",
        "failed to set log opts: logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        (1, 14),
    ),
    (
        '{"log-driver":"gelf","log-opts":{"max-size":"10m"}}',
        *("refused-value", "failed to set log opts: gelf-address is a required parameter", (1, 2)),
    ),
    (
        '{"log-driver":"syslog","log-opts":{"syslog-address":"10.0.0.1:514"}}',
        "refused-value",
        "failed to set log opts: syslog-address should be in form proto://address, got 10.0.0.1:514",
        (1, 36),
    ),
    (
        '{"debug":"true"}',
        *(
            "wrong-type",
            "json: cannot unmarshal string into Go struct field Config.debug of type bool",
            (1, 2),
        ),
    ),
    (
        '{"insecure-registries":"x:5000"}',
        "wrong-type",
        "json: cannot unmarshal string into Go struct field Config.insecure-registries of type []string",
        (1, 2),
    ),
    (
        '{"dns":["8.8.8.8",\n1]}',
        *(
            "wrong-type",
            "json: cannot unmarshal number into Go struct field Config.dns of type string",
            (1, 2),
        ),
    ),
    (
        '{"mtu":"1400"}',
        *("wrong-type", "json: cannot unmarshal string into Go struct field Config.mtu of type int", (1, 2)),
    ),
    (
        '{"log-opts":{"labels":["a"]}}',
        *(
            "wrong-type",
            "json: cannot unmarshal array into Go struct field Config.log-opts of type string",
            (1, 14),
        ),
    ),
    (
        '{"max-concurrent-download":3}',
        "unknown-key",
        "the following directives don't match any configuration option: max-concurrent-download",
        (1, 2),
    ),
    (
        '{"log-driver":"json-file","log-opts": ["max-size=10m"]}',
        "wrong-type",
        "json: cannot unmarshal array into Go struct field Config.log-opts of type map[string]string",
        (1, 27),
    ),
    (
        '{"log-driver":"json-file","log-opts": "max-size=10m"}',
        "wrong-type",
        "json: cannot unmarshal string into Go struct field Config.log-opts of type map[string]string",
        (1, 27),
    ),
    (
        '{"log-driver":"json-file","log-opts": {"compress": true}}',
        *(
            "not-text",
            "json: cannot unmarshal bool into Go struct field Config.log-opts of type string",
            (1, 40),
        ),
    ),
    (
        '{"log-driver":3}',
        "wrong-type",
        "json: cannot unmarshal number into Go struct field Config.log-driver of type string",
        (1, 2),
    ),
    (
        '{"log-driver":["json-file"]}',
        "wrong-type",
        "json: cannot unmarshal array into Go struct field Config.log-driver of type string",
        (1, 2),
    ),
    (
        '{"log-driver":"jsonfile","log-opts": {"max-size": "10m"}}',
        "unknown-driver",
        'failed to set log opts: error looking up logging plugin jsonfile: plugin "jsonfile" not found',
        (1, 2),
    ),
    (
        '[{"log-driver":"json-file"}]',
        "wrong-type",
        "json: cannot unmarshal array into Go value of type map[string]interface {}",
        (1, 1),
    ),
    (
        '"x"',
        "wrong-type",
        "json: cannot unmarshal string into Go value of type map[string]interface {}",
        (1, 1),
    ),
    (
        '{"log-opts": {"max-size": "10m"},\n"log-opts": {"max-file": 3}}',
        *(
            "not-text",
            "json: cannot unmarshal number into Go struct field Config.log-opts of type string",
            (2, 14),
        ),
    ),
]
