class Port:
    deps = []


ports_by_name = {'fakeport': Port()}
port_variants = {'fakeport-mt': ('fakeport', {'PTHREADS': 1})}
