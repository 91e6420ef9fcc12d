#!/usr/bin/python3
"""A folder whose disk stalls on demand: stalling_disk.py FOLDER STORE ORDERS.

FOLDER shows the content of STORE. While the file ORDERS/OPERATION exists, every call of that operation (open, read, write,
getattr, create, ...) waits until the file is removed; ORDERS/held exists if a call waits. Calls do not wait for each other.
"""
import os
import sys
import threading

try:
    import fusepy as fuse
except ImportError:
    import fuse

FOLDER, STORE, ORDERS = sys.argv[1:]


class StallingDisk(fuse.Operations):
    def __call__(self, operation, path, *arguments):
        order = os.path.join(ORDERS, operation)
        if os.path.exists(order):
            open(os.path.join(ORDERS, "held"), "w").close()
        while os.path.exists(order):
            threading.Event().wait(0.005)
        return super().__call__(operation, STORE + path, *arguments)

    def getattr(self, path, handle=None):
        status = os.lstat(path)
        names = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_atime", "st_mtime", "st_ctime", "st_ino")
        return {name: getattr(status, name) for name in names}

    def readdir(self, path, handle):
        return [".", "..", *os.listdir(path)]

    def create(self, path, mode, info=None):
        return os.open(path, os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(path, flags & ~os.O_APPEND)

    def read(self, path, size, offset, handle):
        return os.pread(handle, size, offset)

    def write(self, path, data, offset, handle):
        return os.pwrite(handle, data, offset)

    def flush(self, path, handle):
        pass

    def release(self, path, handle):
        os.close(handle)

    def truncate(self, path, length, handle=None):
        os.truncate(path, length)

    def unlink(self, path):
        os.unlink(path)

    def mkdir(self, path, mode):
        os.mkdir(path, mode)

    def rename(self, old, new):
        os.rename(old, STORE + new)

    def chmod(self, path, mode):
        os.chmod(path, mode)

    def chown(self, path, uid, gid):
        os.chown(path, uid, gid)


fuse.FUSE(StallingDisk(), FOLDER, foreground=True, direct_io=True, attr_timeout=0, entry_timeout=0)
