"""Attacks on the isolated process. Each is a function ``attack`` that returns 1 where it got what it wanted.

In the source, SECRET, VICTIM, FOLDER and PORT stand for a file that may not be read, one that may not be changed, the
folder of both, and a port where somebody listens; MARK is a word by which processes left behind are found.
"""

from __future__ import annotations

import re
from textwrap import dedent

PRELUDE = """
import ctypes, gc, os, signal, socket, sys, time, threading
import numpy as np
libc = ctypes.CDLL(None, use_errno=True)

def tried(action, *arguments):
    try:
        result = action(*arguments)
    except BaseException:
        return 0
    return 0 if isinstance(result, int) and not isinstance(result, bool) and result < 0 else 1

def forge(notes, arrays, numbers):
    import json
    header = json.dumps({"notes": notes, "arrays": arrays}).encode()
    lengths = len(header).to_bytes(4, "little") + len(numbers).to_bytes(8, "little")
    os.write(RESULT, b"GLF1" + lengths + header + numbers)

def call(number, *arguments):
    return libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
"""


def table(text: str) -> dict[str, str]:
    """Return the attacks in *text*: each begins with a line ``== name``."""
    found: dict[str, str] = {}
    for part in re.split(r"^== ", dedent(text), flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        assert name not in found
        found[name.strip()] = PRELUDE + body
    return found


QUICK = table("""
== read a secret
def attack():
    print(open("SECRET").read())
    return 1
== read a secret through a link
def attack():
    os.symlink("SECRET", "/tmp/link")
    print(open("/tmp/link").read())
    return 1
== read a secret by openat from the root
def attack():
    root = os.open("/", os.O_RDONLY)
    print(os.read(os.open("SECRET".lstrip("/"), os.O_RDONLY, dir_fd=root), 100))
    return 1
== read a secret by the raw system call
def attack():
    number = libc.open(b"SECRET", 0)
    if number < 0:
        return 0
    print(os.read(number, 100))
    return 1
== read a secret through /proc/self/root
def attack():
    print(open("/proc/self/rootSECRET").read())
    return 1
== map a secret into memory
def attack():
    import mmap
    with open("SECRET", "rb") as file:
        print(bytes(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)))
    return 1
== list the folder of a secret
def attack():
    print(os.listdir("FOLDER"))
    return 1
== read who the users are
def attack():
    return tried(lambda: open("/etc/passwd").read())
== read the grader's environment
def attack():
    return tried(lambda: open(f"/proc/{os.getppid()}/environ").read())
== read the own environment for what the grader left
def attack():
    return int(any("MARK" in value or "TOKEN" in name for name, value in os.environ.items()))
== read the server's memory
def attack():
    return tried(lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1))
== read the server's maps
def attack():
    return tried(lambda: open(f"/proc/{os.getppid()}/maps").read(1))
== write to the server's memory by process_vm_writev
def attack():
    return int(call(311, os.getppid(), None, 0, None, 0, 0) == 0)
== read the server's memory by process_vm_readv
def attack():
    return int(call(310, os.getppid(), None, 0, None, 0, 0) == 0)
== change a file
def attack():
    open("VICTIM", "w").write("attacked")
    return 1
== append to a file
def attack():
    os.write(os.open("VICTIM", os.O_WRONLY | os.O_APPEND), b"attacked")
    return 1
== truncate a file
def attack():
    os.truncate("VICTIM", 0)
    return 1
== truncate a file by opening it
def attack():
    os.open("VICTIM", os.O_RDONLY | os.O_TRUNC)
    return 1
== remove a file
def attack():
    os.remove("VICTIM")
    return 1
== rename a file
def attack():
    os.rename("VICTIM", "VICTIM.gone")
    return 1
== change a file's mode
def attack():
    os.chmod("VICTIM", 0o777)
    return 1
== change a file's owner
def attack():
    os.chown("VICTIM", os.getuid(), -1)
    return 1
== change a file's times
def attack():
    os.utime("VICTIM", (0, 0))
    return 1
== set an extended attribute
def attack():
    os.setxattr("VICTIM", "user.attacked", b"1")
    return 1
== link to a file
def attack():
    os.link("VICTIM", "/tmp/hard")
    return 1
== leave a file in /tmp for the next one
def attack():
    open("/tmp/left-MARK", "w").write("hello")
    return 1
== leave a file in /dev/shm for the next one
def attack():
    open("/dev/shm/left-MARK", "w").write("hello")
    return 1
== leave a file in the working folder
def attack():
    open("left-MARK", "w").write("hello")
    return 1
== leave a file in /var/tmp
def attack():
    open("/var/tmp/left-MARK", "w").write("hello")
    return 1
== make a folder
def attack():
    os.mkdir("/tmp/left-MARK")
    return 1
== make a named pipe
def attack():
    os.mkfifo("/tmp/pipe-MARK")
    return 1
== make a device
def attack():
    os.mknod("/tmp/device-MARK", 0o020666, os.makedev(1, 1))
    return 1
== change the code of NumPy for all
def attack():
    open(np.__file__, "a").write("\\n")
    return 1
== leave compiled code beside a module
def attack():
    import py_compile
    return tried(lambda: py_compile.compile(np.__file__, doraise=True))
== connect to the machine
def attack():
    socket.create_connection(("127.0.0.1", PORT), 1)
    return 1
== send a datagram
def attack():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORT))
    return 1
== listen on a port
def attack():
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return 1
== connect to an abstract socket
def attack():
    socket.socket(socket.AF_UNIX).connect("\\0MARK")
    return 1
== make a socket pair
def attack():
    return tried(socket.socketpair)
== open a raw socket
def attack():
    return tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
== talk to the kernel by netlink
def attack():
    return tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
== fork
def attack():
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
    return 1
== fork by the raw system call
def attack():
    child = call(57)
    if child == 0:
        os._exit(0)
    return int(child > 0)
== clone3
def attack():
    arguments = (ctypes.c_uint64 * 11)()
    child = call(435, ctypes.byref(arguments), 88)
    if child == 0:
        os._exit(0)
    return int(child > 0)
== vfork and execute
def attack():
    import subprocess
    return tried(lambda: subprocess.run(["/bin/true"], check=True))
== os.system
def attack():
    return int(os.system("true") == 0)
== spawn by posix_spawn
def attack():
    return tried(lambda: os.posix_spawn("/bin/true", ["true"], {}))
== execute another program in place
def attack():
    os.execv(sys.executable, [sys.executable, "-c", "print(1)"])
== execute from memory
def attack():
    return tried(lambda: os.memfd_create("program"))
== multiprocessing
def attack():
    import multiprocessing
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(3,))
    return tried(process.start)
== start a thread
def attack():
    thread = threading.Thread(target=time.sleep, args=(3,))
    return tried(thread.start)
== start a thread that writes after the result
def attack():
    def late():
        time.sleep(0.05)
        os.write(1, b"late")
    return tried(threading.Thread(target=late, daemon=True).start)
== kill the server
def attack():
    return tried(os.kill, os.getppid(), signal.SIGKILL)
== kill everything
def attack():
    return tried(os.kill, -1, signal.SIGKILL)
== kill the process group
def attack():
    return tried(os.killpg, 0, signal.SIGKILL)
== stop the server
def attack():
    return tried(os.kill, os.getppid(), signal.SIGSTOP)
== kill by tgkill
def attack():
    return int(call(234, os.getppid(), os.getppid(), 9) == 0)
== queue a signal
def attack():
    return int(call(129, os.getppid(), 9, ctypes.create_string_buffer(128)) == 0)
== signal through a pidfd
def attack():
    return int(call(424, call(434, os.getppid(), 0), 9, None, 0) == 0)
== have signals sent by fcntl
def attack():
    import fcntl
    there, here = os.pipe()
    return tried(fcntl.fcntl, there, fcntl.F_SETOWN, os.getppid())
== take a descriptor from the server
def attack():
    return int(call(438, call(434, os.getppid(), 0), 0, 0) >= 0)
== trace the server
def attack():
    return int(call(101, 16, os.getppid(), 0, 0) == 0)
== be traced
def attack():
    return int(call(101, 0, 0, 0, 0) == 0)
== find descriptors beyond its own
def attack():
    import stat
    sockets = 0
    for number in range(256):
        try:
            sockets += stat.S_ISSOCK(os.fstat(number).st_mode)
        except OSError:
            pass
    return int(sockets > 0)
== write an order to the server
def attack():
    reached = 0
    for number in range(3, 256):
        try:
            socket.socket(fileno=os.dup(number)).send(b'{"ready": true}')
            reached = 1
        except OSError:
            pass
    return reached
== unshare namespaces
def attack():
    return int(any(libc.unshare(flag) == 0 for flag in (0x10000000, 0x20000, 0x40000000, 0x8000000, 0x20000000)))
== join namespaces
def attack():
    return int(libc.setns(0, 0) == 0)
== mount
def attack():
    return int(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0)
== unmount
def attack():
    return int(libc.umount2(b"/proc", 2) == 0)
== change the root
def attack():
    return tried(os.chroot, "/tmp")
== pivot the root
def attack():
    return int(call(155, b"/", b"/") == 0)
== become root
def attack():
    return int(any((tried(os.setuid, 0) and os.getuid() == 0 and 0, tried(os.setresuid, 1, 1, 1), tried(os.setgid, 1))))
== raise the limits
def attack():
    import resource
    return tried(resource.setrlimit, resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
== limit the server
def attack():
    import resource
    return tried(resource.prlimit, os.getppid(), resource.RLIMIT_CPU, (1, 1))
== change priorities
def attack():
    return tried(os.setpriority, os.PRIO_PROCESS, os.getppid(), 19)
== pin the server to nothing
def attack():
    return tried(os.sched_setaffinity, os.getppid(), {0})
== io_uring
def attack():
    return int(call(425, 8, ctypes.create_string_buffer(256)) >= 0)
== userfaultfd
def attack():
    return int(call(323, 0) >= 0)
== bpf
def attack():
    return int(call(321, 0, ctypes.create_string_buffer(128), 128) >= 0)
== performance counters
def attack():
    return int(call(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0)
== keys of the kernel
def attack():
    return int(call(248, b"user", b"left-MARK", b"payload", 7, -3) >= 0)
== read keys of the kernel
def attack():
    return int(call(250, 0, -3, 0) >= 0)
== shared memory of System V
def attack():
    return int(libc.shmget(0x6772, 4096, 0o1666) >= 0)
== messages of System V
def attack():
    return int(libc.msgget(0x6772, 0o1666) >= 0)
== semaphores of System V
def attack():
    return int(libc.semget(0x6772, 1, 0o1666) >= 0)
== POSIX shared memory
def attack():
    from multiprocessing import shared_memory
    return tried(lambda: shared_memory.SharedMemory("MARK", True, 4096))
== POSIX message queue
def attack():
    return int(call(240, b"left", 0o102, 0o666, None) >= 0)
== the kernel's log
def attack():
    return int(call(103, 10, None, 0) >= 0)
== reboot
def attack():
    return int(call(169, 0xFEE1DEAD, 672274793, 0, None) == 0)
== set the clock
def attack():
    return tried(time.clock_settime, time.CLOCK_REALTIME, 0)
== set the name of the machine
def attack():
    return tried(socket.sethostname, "attacked")
== load a module of the kernel
def attack():
    return int(call(313, 0, b"", 0) == 0)
== watch files
def attack():
    return int(libc.inotify_init() >= 0)
== type into the terminal
def attack():
    import fcntl
    return tried(fcntl.ioctl, 0, 0x5412, b"x")
== lift the filter
def attack():
    return int(libc.prctl(22, 0, None) == 0 or call(317, 0, 0, None) == 0 or libc.prctl(4, 1, 0, 0, 0) == 0)
== system calls of 32 bits
def attack():
    code = bytes.fromhex("b814000000cd80c3")  # getpid as a 32-bit program calls it
    import mmap
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0)
== find gradlab
def attack():
    import gradlab
    return 1
== find gradlab beside its own driver
def attack():
    folder = os.path.dirname(os.path.dirname(sys.modules["drivers"].__file__))
    return int(any(name in os.listdir(folder) for name in ("sandbox.py", "servers.py")))
== find the reference among all objects
def attack():
    words = [thing for thing in gc.get_objects() if isinstance(thing, str) and "SECRET" in thing]
    return int(any(type(thing).__name__ in ("Function", "Exercise", "Gradient") for thing in gc.get_objects()))
== find the reference in the frames
def attack():
    frame, names = sys._getframe(), set()
    while frame:
        names |= set(frame.f_locals)
        frame = frame.f_back
    return int(bool(names & {"expected", "reference", "answer", "solution"}))
== find another submission in memory
def attack():
    needle = "ANOTHER" + "SUBMISSION"
    return int(any(isinstance(thing, (str, bytes)) and needle in str(thing) and thing is not needle and len(thing) > 40
                   and "needle" not in str(thing) for thing in gc.get_objects()))
== import what is not there
def attack():
    import joblib
    return 1
""")
"""Attacks that are over at once: all of them return 0, or fail."""


FORGED = table("""
== an object that equals everything
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __array__(self, *a, **k): return np.array([self], dtype=object)
def attack():
    return Always()
== an array of objects
def attack():
    return np.array([object()], dtype=object)
== a subclass of an array that lies
class Lying(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *a, **k): return True
    def tobytes(self, *a): return b"x" * 8
def attack():
    return np.zeros(3).view(Lying)
== the shape of a lie
def attack():
    os.write(RESULT, b"GLF1" + (40).to_bytes(4, "little") + (8).to_bytes(8, "little") + b"{" * 40 + b"12345678")
    os._exit(0)
== a header without end
def attack():
    os.write(RESULT, b"GLF1" + (2**32 - 1).to_bytes(4, "little") + (0).to_bytes(8, "little"))
    os._exit(0)
== numbers without end
def attack():
    os.write(RESULT, b"GLF1" + (2).to_bytes(4, "little") + (2**63).to_bytes(8, "little") + b"{}")
    os._exit(0)
== a shape larger than memory
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "float64", [2**40, 2**40]]], b"12345678")
    os._exit(0)
== a shape below zero
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "float64", [-1]]], b"12345678")
    os._exit(0)
== a dtype of objects
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "object", [1]]], b"12345678")
    os._exit(0)
== a deep header
def attack():
    header = b"[" * 100000
    os.write(RESULT, b"GLF1" + len(header).to_bytes(4, "little") + (0).to_bytes(8, "little") + header)
    os._exit(0)
== a pickle
def attack():
    import pickle
    class Bomb:
        def __reduce__(self): return (os.system, ("touch VICTIM",))
    os.write(RESULT, pickle.dumps(Bomb()))
    os._exit(0)
== a verdict
def attack():
    forge({"ended": "correct", "score": 1, "verdict": "correct"}, [], b"")
    os._exit(0)
== half a frame
def attack():
    os.write(RESULT, b"GLF1\\x10\\x00")
    os._exit(0)
== two frames
def attack():
    frames = sys.modules["inside.frames"]
    frame = frames.packed({"ended": "returned", "told": {}}, {"result": np.ones(3)})
    os.write(RESULT, frame + frame)
    os._exit(0)
== exit 0 and nothing
def attack():
    os._exit(0)
== leave by sys.exit
def attack():
    sys.exit(0)
== leave at exit
def attack():
    import atexit
    atexit.register(lambda: os.write(RESULT, b"GLF1"))
    raise SystemExit
== abort
def attack():
    os.abort()
== a segmentation fault
def attack():
    ctypes.string_at(0)
== recursion without end
def attack():
    sys.setrecursionlimit(10**9)
    def deeper(n): return deeper(n + 1) + 1
    return deeper(0)
== recursion of C
def attack():
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return len(repr(nested)) and object()
== patch the frames
def attack():
    sys.modules["inside.frames"].packed = lambda notes, arrays: b"GLF1 all is well"
    return 1
== patch NumPy
def attack():
    np.asarray = np.array = lambda *a, **k: 1 / 0
    return 1
== patch os.write
def attack():
    os.write = lambda *a: 10**9
    return object()
== replace sys.modules
def attack():
    sys.modules.clear()
    return object()
== a name that is a path
def attack():
    return {"../../etc/passwd": 1}
== raise something that cannot be told
class Silent(BaseException):
    def __str__(self): raise Silent
    __repr__ = __str__
def attack():
    raise Silent
== escape sequences in an error
def attack():
    raise ValueError("\\x1b[2J\\x1b]0;attacked\\x07\\u202e")
== an error without end
def attack():
    raise ValueError("x" * 10**7)
== a line that is no line
def attack():
    forge({"ended": "raised", "told": {"line": "1; drop", "error": ["x"]}}, [], b"")
    os._exit(0)
""")
"""Results that are none. RESULT stands for the descriptor that results go to, which an attacker can find."""


HEAVY = table("""
== compute without end
def attack():
    while True:
        pass
== sleep without end
def attack():
    time.sleep(10**6)
== wait without end for a signal
def attack():
    signal.pause()
== ignore being told to stop
def attack():
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
== stop itself
def attack():
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(10**6)
== take all memory
def attack():
    kept = []
    while True:
        kept.append(np.ones(10**7))
== take all memory at once
def attack():
    return np.ones(10**11).sum()
== take all memory in Python
def attack():
    kept = [0]
    while True:
        kept = kept + kept
== print without end
def attack():
    while True:
        os.write(1, b"x" * 65536)
== a result without end
def attack():
    while True:
        os.write(RESULT, b"x" * 65536)
== fork bomb
def attack():
    while True:
        os.fork()
== thread bomb
def attack():
    while True:
        threading.Thread(target=time.sleep, args=(100,)).start()
== descriptors without end
def attack():
    kept = []
    while True:
        kept.append(os.dup(1))
== a power that takes for ever
def attack():
    return 10 ** (10 ** 10) and 1
== an expression that takes for ever to match
def attack():
    import re
    return int(re.match("(a+)+b", "a" * 60) is None)
== hold the lock of the interpreter
def attack():
    libc.sleep(10**6)
== catch being out of memory and go on
def attack():
    kept = []
    while True:
        try:
            kept.append(bytearray(1 << 20))
        except MemoryError:
            pass
""")
"""Attacks on time, memory and room: each costs its own submission, within the limits, and nobody else's."""


TORCH = {
    name: "import torch\n" + source
    for name, source in table("""
== patch backward
def attack():
    torch.Tensor.backward = lambda *a, **k: None
    torch.autograd.grad = lambda *a, **k: (torch.zeros(3),)
    return object()
== load a pickle with torch
def attack():
    import io
    class Bomb:
        def __reduce__(self): return (open, ("VICTIM", "w"))
    buffer = io.BytesIO()
    return tried(lambda: (torch.save(Bomb(), buffer), buffer.seek(0), torch.load(buffer, weights_only=False)))
== compile C++
def attack():
    from torch.utils import cpp_extension
    return tried(lambda: cpp_extension.load_inline("left", "int f() { return 1; }", functions=["f"]))
== share a tensor with another process
def attack():
    return tried(lambda: torch.ones(3).share_memory_())
== workers of a loader
def attack():
    from torch.utils.data import DataLoader
    return tried(lambda: list(DataLoader(torch.ones(4), num_workers=2)))
== distributed processes
def attack():
    address = "tcp://127.0.0.1:PORT"
    return tried(lambda: torch.distributed.init_process_group("gloo", init_method=address, rank=0, world_size=1))
== threads of torch
def attack():
    torch.set_num_threads(8)
    return tried(lambda: 0) and int(len(os.listdir("/proc/self/task")) > 1)
""").items()
}
"""The same with torch loaded."""
