#!/bin/bash
# gdb.sh FOLDER: puts this host's gdb into a folder, with the libraries and the Python that it needs, so that it runs where there is
# nothing but the C library: LD_LIBRARY_PATH=FOLDER PYTHONHOME=FOLDER/python FOLDER/gdb --data-directory FOLDER/data
set -euo pipefail

FOLDER=$1
GDB=$(type -P gdb)

mkdir -p "$FOLDER/data"
cp -L "$GDB" "$FOLDER/gdb"
ldd "$GDB" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep -vE '/lib(c|m|pthread|dl|rt|gcc_s|stdc\+\+|z)\.so' | xargs cp -Lt "$FOLDER"

# A gdb without Python needs no more.
python() { "$GDB" -nx -batch -ex "python $1" 2>/dev/null; }
LIBRARY=$(python 'import os; print(os.path.dirname(os.__file__))')
[ -n "$LIBRARY" ] || exit 0
cp -rL "$(python 'print(gdb.PYTHONDIR)')" "$FOLDER/data/python"
TARGET=$FOLDER/python/lib/${LIBRARY##*/}
mkdir -p "$TARGET"
cp -rL "$LIBRARY"/{encodings,collections,importlib,re,json} "$TARGET"
cp -L "$LIBRARY"/*.py "$TARGET"
find "$FOLDER" -name __pycache__ -prune -exec rm -rf {} +
