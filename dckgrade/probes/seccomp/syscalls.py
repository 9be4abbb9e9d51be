"""Facts about system calls: which Docker's default allows, which are young, which are twins.

Source: `profiles/seccomp/default.json` of moby/moby v20.10 and of its successor moby/profiles as of 29.7,
read for amd64, a kernel of 4.8 or newer, and the capabilities of an ordinary container.
"""

DEFAULT_ALLOWED_CALLS = frozenset(
    """
    _llseek _newselect accept accept4 access adjtimex alarm arch_prctl bind brk capget capset chdir
    chmod chown chown32 chroot clock_adjtime clock_adjtime64 clock_getres clock_getres_time64
    clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect
    copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait
    epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat
    faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchown fchown32
    fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_time64 futex_waitv
    futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32
    geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid
    getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid
    getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64
    io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr llistxattr
    lremovexattr lseek lsetxattr lstat lstat64 madvise membarrier memfd_create memfd_secret mincore
    mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 modify_ldt mprotect mq_getsetattr
    mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
    mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat
    openat2 pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll ppoll_time64 prctl pread64 preadv
    preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read
    readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
    removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
    rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
    sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl
    semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto
    set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid
    setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid
    setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32
    setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn
    socketcall socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync
    sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun
    timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
    timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask
    uname unlink unlinkat utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid
    write writev
    """.split()  # noqa: SIM905 - a list of names reads better without quotes
)
"""
What both versions allow without condition. Both: a copy of either version's default, or of one between them,
forbids none of these. Not here: `socket`, `clone` and `personality`, allowed only with certain arguments.
"""

CALLS_SINCE_2015 = frozenset(
    """
    clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 close_range copy_file_range
    epoll_pwait2 faccessat2 futex_time64 futex_waitv io_pgetevents io_pgetevents_time64 landlock_add_rule
    landlock_create_ruleset landlock_restrict_self membarrier memfd_secret mlock2 mq_timedreceive_time64
    mq_timedsend_time64 openat2 pidfd_open pidfd_send_signal ppoll_time64 preadv2 process_mrelease
    pselect6_time64 pwritev2 recvmmsg_time64 rseq rt_sigtimedwait_time64 sched_rr_get_interval_time64
    semtimedop_time64 statx timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64
    utimensat_time64
    """.split()  # noqa: SIM905 - a list of names reads better without quotes
)
"""Those of ALLOWED that the kernel got in 2015 or later: a profile of that age cannot know them."""

TWIN_CALLS = (
    frozenset({"mkdir", "mkdirat"}),
    frozenset({"rmdir", "unlinkat"}),
    frozenset({"unlink", "unlinkat"}),
    frozenset({"symlink", "symlinkat"}),
    frozenset({"mknod", "mknodat"}),
    frozenset({"chmod", "fchmodat", "fchmod"}),
    frozenset({"chown", "lchown", "fchownat", "fchown"}),
)
"""Calls that do the same: which of them a program makes depends on its C library and on the architecture."""
