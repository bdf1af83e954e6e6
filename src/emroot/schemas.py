"""The version of every format that emroot writes, and when to raise it. No other file holds such a number.

A raised version makes what was written before worthless: keys find nothing, files are made again or refused. So raise one only
for a change that the old data would get wrong. The programs of `probe/` read this page by its path, so it imports nothing.
"""

#: The keys of objects and archives. Raise it when a record says something else under the same name (`keys/plan.py`).
KEYS = 2
#: The keys of what embuilder builds. Raise it when embuilder is run in another way (`engine/embuilder.py`).
EMBUILDER_KEYS = 5
#: The keys of installed headers. Raise it when they are installed in another way (`cache_directory/sysroot_headers.py`).
HEADERS_KEYS = 3
#: The folders and records of a store. Raise it when an older emroot must not use the store (`store/blobs.py`).
STORE = 2
#: What is remembered of an SDK itself. Raise it when a field is new or means something else, and when the table of names that
#: emroot uses changes (`sdk/identity_cache.py`, `probe/seams.py`).
SDK_CACHE = 10
#: What is remembered of an SDK's libraries. Raise it when its shape changes; that of the programs' answers is renewed by itself
#: when a program changes (`libraries/catalogue.py`).
CATALOGUE_CACHE = 3
#: The answers of the programs that run in the SDK's Python. Raise it when a field is gone or means something else (`probe/`).
PROBE = 1
#: For which compilers one run of the front end gives the bytes of several. Raise it when it is run in another way, or tried with
#: another source (`engine/execution/shared_front_end.py`).
SHARED_FRONT_END = 1
#: The manifest of `emroot export`. Raise it when an older emroot would import it wrongly (`bundle/manifest.py`).
BUNDLE = 1
#: The list of records of `emroot publish`. Raise it when an older emroot would misread it (`remote/action_cache.py`).
REMOTE_INDEX = 1
#: The record of a cache directory's last build. Raise it when the report would read an old one wrongly (`engine/history/`).
BUILD_RECORD = 2
#: The symbols of one archive. Raise it when the bytes of an index change (`symbol_index/index.py`).
SYMBOL_INDEX = 1
#: What is remembered of the names that sources mention. Raise it when a rule for that changes (`lazy_link/source_names/`).
MENTIONS = 6
#: What is remembered of libcalls. Raise it when they are asked for otherwise (`lazy_link/libcalls.py`).
LIBCALLS = 1
#: The records of lazy links in a cache directory. Raise it when a field means something else (`lazy_link/link_records.py`).
LINKS = 4
#: A file of indexes. Raise it when its bytes change (`symbol_index/index.py`).
INDEX_FILE = 1
