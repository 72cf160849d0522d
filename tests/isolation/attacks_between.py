"""More attacks, in the form of `tests.isolation.attacks`: on whoever comes next, on how a result is read, on room."""

from __future__ import annotations

from tests.isolation.attacks import table

QUICK = table("""
== read a secret by a path-only descriptor
def attack():
    place = os.open("SECRET", os.O_PATH)
    print(open(f"/proc/self/fd/{place}").read())
    return 1
== read a secret by a path-only folder
def attack():
    place = os.open("FOLDER", os.O_PATH | os.O_DIRECTORY)
    print(os.read(os.open("secret.txt", os.O_RDONLY, dir_fd=place), 100))
    return 1
== read a secret as a module
def attack():
    import importlib.util
    spec = importlib.util.spec_from_file_location("secret", "SECRET", loader=None)
    print(open(spec.origin).read() if spec else open("SECRET").read())
    return 1
== read a secret with NumPy
def attack():
    print(np.fromfile("SECRET", dtype=np.uint8).tobytes())
    return 1
== read a secret with linecache
def attack():
    import linecache
    text = linecache.getline("SECRET", 1)
    print(text)
    return int(bool(text))
== read a secret with the shared-library loader
def attack():
    try:
        ctypes.CDLL("SECRET")
    except OSError as error:
        return int("invalid ELF" in str(error) or "too short" in str(error))
== map a library to change it for all
def attack():
    place = os.open(np.__file__, os.O_RDWR)
    return int(libc.mmap(None, 4096, 3, 1, place, 0) != -1)
== map a library read-only and ask for writing later
def attack():
    place = os.open(np.__file__, os.O_RDONLY)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, place, ctypes.c_long(0))
    return int(libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), 3) == 0)
== a file without a name
def attack():
    return int(any(tried(os.open, place, os.O_TMPFILE | os.O_RDWR) for place in ("/tmp", "/dev/shm", "/", "/usr/lib")))
== write to the own memory through /proc
def attack():
    return tried(os.open, "/proc/self/mem", os.O_RDWR)
== be the last that the system ends
def attack():
    return tried(lambda: open("/proc/self/oom_score_adj", "w").write("-1000"))
== change what the kernel does
def attack():
    return tried(lambda: open("/proc/sys/kernel/core_pattern", "w").write("|/bin/true"))
== open the machine's devices
def attack():
    places = ("/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/ptmx", "/dev/fuse", "/dev/kvm", "/dev/vda", "/dev/net/tun")
    return int(any(tried(os.open, place, os.O_RDONLY) for place in places))
== open what belongs to others
def attack():
    places = ("/etc/shadow", "/etc/hostname", "/proc/1/environ", "/proc/cpuinfo", "/sys/class", "/var/log", "/home")
    return int(any(tried(os.open, place, os.O_RDONLY) for place in (*places, "/root", "/run", "/tmp", "/proc")))
== ask where the server's files are
def attack():
    names = ("exe", "cwd", "root", "fd/0", "fd/3")
    return int(any(tried(os.readlink, f"/proc/{os.getppid()}/{name}") for name in names))
== outlive the server by clearing the signal of its death
def attack():
    return int(libc.prctl(1, 0, 0, 0, 0) == 0)
== be looked into again
def attack():
    return int(libc.prctl(4, 1, 0, 0, 0) == 0)
== adopt the orphans
def attack():
    return int(libc.prctl(36, 1, 0, 0, 0) == 0)
== system calls of the third kind
def attack():
    code = bytes.fromhex("b827000040" + "0f05" + "c3")  # getpid of x32
    import mmap
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))() > 0)
== a 32-bit fork
def attack():
    code = bytes.fromhex("b802000000cd80c3")
    import mmap
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))() >= 0)
== an alarm for the server
def attack():
    signal.setitimer(signal.ITIMER_REAL, 1000)
    return tried(lambda: signal.pthread_kill(1, 9))
== lock a library's file
def attack():
    import fcntl
    file = open(np.__file__)
    return int(tried(fcntl.flock, file, fcntl.LOCK_EX) or tried(fcntl.lockf, file, fcntl.LOCK_SH))
== change the grader's copy of the source
def attack():
    import linecache
    linecache.cache["submission.py"] = (1, None, ["SECRET"], "submission.py")
    raise ValueError("here")
""")
"""Over at once: all of them return 0, or fail."""


FORGED = table("""
== an empty array of impossible shape
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "float64", [0, 2**62, 2**62]]], b"")
    os._exit(0)
== an empty array with an axis beyond counting
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "float64", [0, 2**80]]], b"")
    os._exit(0)
== an axis of many digits
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "float64", [10**4000, 0]]], b"")
    os._exit(0)
== a dtype that is a list
def attack():
    forge({"ended": "returned", "told": {}}, [["result", ["float64"], [1]]], b"12345678")
    os._exit(0)
== a structured dtype
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "f8,O", [1]]], b"1234567812345678")
    os._exit(0)
== two arrays of one name
def attack():
    forge({"ended": "returned", "told": {}}, [["result", "bool", [1]]] * 2, b"11")
    os._exit(0)
== more arrays than there may be
def attack():
    forge({"ended": "returned", "told": {}}, [[str(n), "bool", [0]] for n in range(5000)], b"")
    os._exit(0)
== notes that are a list
def attack():
    forge(["returned"], [], b"")
    os._exit(0)
== an end that is a list
def attack():
    forge({"ended": ["returned"], "told": {}}, [["result", "bool", [1]]], b"1")
    os._exit(0)
== told a number
def attack():
    forge({"ended": "returned", "told": 5}, [["result", "bool", [1]]], b"1")
    os._exit(0)
== a header that is a number of many digits
def attack():
    header = b"9" * 100000
    os.write(RESULT, b"GLF1" + len(header).to_bytes(4, "little") + (0).to_bytes(8, "little") + header)
    os._exit(0)
== a header in another alphabet
def attack():
    header = b"\\xff\\xfe\\x00\\xd8"
    os.write(RESULT, b"GLF1" + len(header).to_bytes(4, "little") + (0).to_bytes(8, "little") + header)
    os._exit(0)
== an error of half a million characters, forged
def attack():
    forge({"ended": "raised", "told": {"error": "\\x1b" * 100000, "line": 1}}, [], b"")
    os._exit(0)
== an error of half a character
def attack():
    forge({"ended": "raised", "told": {"error": "\\ud800", "line": 10**4000}}, [], b"")
    os._exit(0)
== a line beyond the last
def attack():
    forge({"ended": "raised", "told": {"error": "", "line": 2**70}}, [], b"")
    os._exit(0)
== a right frame, and then a crash
def attack():
    frames = sys.modules["inside.frames"]
    os.write(RESULT, frames.packed({"ended": "returned", "told": {}}, {"result": np.full(3, 7.0)}))
    ctypes.string_at(0)
== a right frame, and then an exit that is none
def attack():
    frames = sys.modules["inside.frames"]
    os.write(RESULT, frames.packed({"ended": "returned", "told": {}}, {"result": np.full(3, 7.0)}))
    os._exit(3)
== a right frame, and the driver's after it
def attack():
    frames = sys.modules["inside.frames"]
    os.write(RESULT, frames.packed({"ended": "returned", "told": {}}, {"result": np.full(3, 7.0)}))
    return np.zeros(3)
== the result printed
def attack():
    frames = sys.modules["inside.frames"]
    os.write(1, frames.packed({"ended": "returned", "told": {}}, {"result": np.full(3, 7.0)}))
    os._exit(0)
== the result in the place of what is printed
def attack():
    os.dup2(RESULT, 1)
    print("GLF1")
    return np.zeros(3)
== close everything
def attack():
    os.closerange(0, 256)
    return np.zeros(3)
== no way out
def attack():
    os._exit = lambda code: None
    return object()
== no way out, and a server of its own
def attack():
    os._exit = lambda code: None
    sys.modules["inside.server"]._waited = lambda *a: False
    os.wait4 = lambda *a: (0, 0, None)
    raise SystemExit
== a generator that never gives up
def attack():
    def held():
        try:
            yield
        finally:
            os.write(RESULT, b"GLF1")
    kept = held()
    next(kept)
    sys.modules["kept"] = kept
    return object()
== raise in the middle of the driver
def attack():
    def late(*_): raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 1e-5, 1e-5)
    return object()
== trace the driver
def attack():
    sys.setprofile(lambda *a: None)
    sys.settrace(lambda *a: 1 / 0)
    return object()
== an exception group without end
def attack():
    group = ExceptionGroup("x", [ValueError("y")])
    for _ in range(2000):
        group = ExceptionGroup("x" * 100, [group])
    raise group
== an exception that is its own cause
def attack():
    error = ValueError("round")
    error.__cause__ = error.__context__ = error
    raise error
== notes that are no notes
def attack():
    error = ValueError("x")
    error.__notes__ = {"a": object()}
    raise error
== an exception without a dictionary
class Bare(Exception):
    __dict__ = property(lambda self: 1 / 0)
def attack():
    raise Bare
""")
"""Results that are none, or nobody's but the submission's own."""


HEAVY = table("""
== shared memory of nobody
def attack():
    import mmap
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 1 << 26))
        kept[-1].write(b"x" * (1 << 26))
== a recursion of a million frames
def attack():
    sys.setrecursionlimit(10**8)
    def deeper(n): return [deeper(n + 1) for _ in range(1)]
    deeper(0)
    raise MemoryError
== a stack without end
def attack():
    function = ctypes.CFUNCTYPE(ctypes.c_int)
    def again(): return function(again)()
    return object() if again() == 0 else object()
== print a byte at a time without end
def attack():
    while True:
        os.write(1, b"x")
== close what is printed and go on for ever
def attack():
    os.close(1)
    os.close(2)
    while True:
        pass
== a pipe that nobody reads
def attack():
    there, here = os.pipe()
    while True:
        os.write(here, b"x" * 65536)
== an alarm in each instant
def attack():
    signal.signal(signal.SIGALRM, lambda *a: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)
    while True:
        pass
== wait for a lock that nobody gives back
def attack():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
== mappings without number
def attack():
    import mmap
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ if len(kept) % 2 else mmap.PROT_WRITE | mmap.PROT_READ))
""")
"""On time, memory and room."""
