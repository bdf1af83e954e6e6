"""`emroot sdk`: the SDK in use, its Node, and getting one."""

COMMANDS = {
    'show': 'the SDK in use and how it was found',
    'node': 'print the path of a Node that runs programs of every mode: the SDK\'s, one on PATH, or one that is got',
    'install': 'get an SDK, without root and without touching the system',
}
EXAMPLES = [('emroot sdk show', 'the SDK in use'),
            ('emroot sdk install', 'get one')]
