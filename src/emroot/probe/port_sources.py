"""Sources of ports for embuilder: from directories and mirrors first, then from the network. Runs in the
SDK's Python (3.8 or later), imported by `program.py`.

The SDK verifies archives from any source by the sha512 in the port. A directory is used unchanged.
"""

import io
import os
import shutil
import urllib.request

from seam_access import install, original

TIMEOUT = 60.0


class PortFetcher:
    """Replaces the SDK's access to the network for ports."""

    def __init__(self, ports, directories, mirror):
        #: Directory of sources by port; and a directory of archives, or nothing.
        self.directories, self.mirror = directories, mirror
        self.ports = ports
        self.fetching = ''
        self.urlopen = urllib.request.urlopen
        install('tools.utils.MACOS', False)  # there the SDK would start curl instead
        install('tools.ports.urlopen', self.open)
        artifact = 'tools.ports.Ports.fetch_port_artifact'
        path = artifact if original(artifact) else 'tools.ports.Ports.fetch_project'
        self.fetch, self.get_dir = original(path), original('tools.ports.Ports.get_dir')
        install(path, staticmethod(self.fetch_port))
        install('tools.ports.Ports.get_dir', staticmethod(self.get_port_dir))

    def fetch_port(self, name, url, *args, **kwargs):
        """Replaces the SDK's function: a port with a given directory needs no archive, only its marker."""
        self.fetching = name
        if name not in self.directories:
            return self.fetch(name, url, *args, **kwargs)
        directory = str(self.get_dir(name))
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, '.emscripten_url'), 'w', encoding='utf-8') as f:
            f.write(url + '\n')
        return True

    def get_port_dir(self, *parts):
        """Replaces the SDK's function: the given directory appears where an archive would be unpacked."""
        if len(parts) > 1 and parts[0] in self.directories:
            top = os.path.join(str(self.get_dir(parts[0])), str(parts[1]).replace('\\', '/').split('/')[0])
            if not os.path.exists(top):  # asked before the SDK's own makes an empty one
                shutil.copytree(self.directories[parts[0]], top)
        return self.get_dir(*parts)

    def open(self, url, *args, **kwargs):
        """Replaces `urlopen`: searches the mirror by the name of the archive, the name of the port, and
        the path of the URL."""
        name, base = self.fetching, url.rsplit('/', 1)[-1]
        extension = base.split('.', 1)[-1]
        tried = []
        if self.mirror:
            for relative in (base, name + '-' + base, name + '.' + extension, url.split('://', 1)[-1]):
                path = os.path.join(self.mirror, *relative.split('/'))
                tried.append(path)
                if os.path.isfile(path):
                    with open(path, 'rb') as f:
                        return io.BytesIO(f.read())
        try:
            return self.urlopen(url, timeout=TIMEOUT)
        except OSError as error:
            tried.append('{} ({})'.format(url, error))
        raise SystemExit('error: the sources of port `{0}` are not available; tried {1}\n'
                         'hint: put the archive, or a directory {0}/ with the sources, into a directory, and give it with '
                         '--ports-from; or set EMCC_LOCAL_PORTS={0}=DIRECTORY'.format(name, ', '.join(tried)))
