"""
Facts about system calls: what Docker's default lets through, since when, and on which processor.

Source: `profiles/seccomp/default.json` of moby/moby from 1.13 to 20.10.24 and of its successor
moby/profiles as of 29.7; the names of libseccomp 2.5.4.
"""

from collections.abc import Mapping


def split_names(text: str) -> frozenset[str]:
    """Return the names in *text*."""
    return frozenset(text.split())


DEFAULT_ALLOWED_CALLS = split_names(
    """
    _llseek _newselect accept accept4 access adjtimex alarm arch_prctl bind brk capget capset chdir chmod
    chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
    clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat
    dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
    epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
    fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchown fchown32 fchownat fcntl fcntl64
    fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
    fstatfs64 fsync ftruncate ftruncate64 futex futex_time64 futex_waitv futimesat get_robust_list
    get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32
    getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
    getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid
    gettimeofday getuid getuid32 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
    io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl
    ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown
    lchown32 lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64
    madvise membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall
    mmap mmap2 modify_ldt mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64
    mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall
    munmap nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 poll
    ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64
    ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg
    recvmmsg_time64 recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir
    rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
    sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
    sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64
    sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid
    setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32
    setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid
    setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask
    sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync
    sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun
    timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
    timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask
    uname unlink unlinkat utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid
    write writev
    """
)
"""What the default lets through without condition in every engine since 20.10.24."""

CALLS_ALLOWED_SINCE_23 = split_names(
    """
    cachestat fchmodat2 futex_requeue futex_wait futex_wake getxattrat listmount listxattrat
    map_shadow_stack mseal name_to_handle_at pkey_alloc pkey_free pkey_mprotect process_vm_readv
    process_vm_writev removexattrat riscv_hwprobe setxattrat statmount uretprobe
    """
)
"""What the defaults of 23.0 and later let through too."""

CALLS_ALLOWED_UNTIL_24 = frozenset({"io_uring_enter", "io_uring_register", "io_uring_setup"})
"""What the defaults before 25.0 let through too (moby#46762)."""

CALLS_ALLOWED_BY_CAPABILITY: Mapping[str, frozenset[str]] = {
    "CAP_BPF": split_names("bpf"),
    "CAP_DAC_READ_SEARCH": split_names("open_by_handle_at"),
    "CAP_PERFMON": split_names("perf_event_open"),
    "CAP_SYSLOG": split_names("syslog"),
    "CAP_SYS_ADMIN": split_names(
        """
        bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open
        quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
        """
    ),
    "CAP_SYS_BOOT": split_names("reboot"),
    "CAP_SYS_CHROOT": split_names("chroot"),
    "CAP_SYS_MODULE": split_names("delete_module finit_module init_module"),
    "CAP_SYS_NICE": split_names("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    "CAP_SYS_PACCT": split_names("acct"),
    "CAP_SYS_PTRACE": split_names(
        """
        kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace
        """
    ),
    "CAP_SYS_RAWIO": split_names("ioperm iopl"),
    "CAP_SYS_TIME": split_names("clock_settime clock_settime64 settimeofday stime"),
    "CAP_SYS_TTY_CONFIG": split_names("vhangup"),
}
"""What the default lets through in a container that has that capability."""

CALLS_ADDED_TO_DEFAULT: Mapping[int, frozenset[str]] = {
    2017: split_names("copy_file_range mlock mlock2 mlockall"),
    2019: split_names("adjtimex io_pgetevents personality preadv2 ptrace pwritev2 statx"),
    2020: split_names(
        """
        clock_adjtime clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64
        faccessat2 futex_time64 io_pgetevents_time64 io_uring_enter io_uring_register io_uring_setup
        membarrier mq_timedreceive_time64 mq_timedsend_time64 openat2 pidfd_open pidfd_send_signal
        ppoll_time64 pselect6_time64 recvmmsg_time64 rseq rt_sigtimedwait_time64
        sched_rr_get_interval_time64 semtimedop_time64 sigprocmask timer_gettime64 timer_settime64
        timerfd_gettime64 timerfd_settime64 utimensat_time64
        """
    ),
    2021: split_names(
        """
        close_range epoll_pwait2 futex_waitv landlock_add_rule landlock_create_ruleset
        landlock_restrict_self memfd_secret process_mrelease
        """
    ),
    2023: split_names(
        """
        cachestat fchmodat2 futex_requeue futex_wait futex_wake getxattrat listmount listxattrat
        map_shadow_stack mseal name_to_handle_at pkey_alloc pkey_free pkey_mprotect process_vm_readv
        process_vm_writev removexattrat riscv_hwprobe setxattrat statmount uretprobe
        """
    ),
}
"""The year in which Docker's default began to let a call through: a copy of an older default lacks it."""

OTHER_CALLS = split_names(
    """
    _sysctl add_key afs_syscall arm_fadvise64_64 arm_sync_file_range bdflush break breakpoint cachectl
    cacheflush create_module ftime get_kernel_syms get_tls getpmsg gtty idle kexec_file_load kexec_load
    keyctl lock migrate_pages move_pages mpx multiplexer nfsservctl nice oldfstat oldlstat oldolduname
    oldstat olduname pciconfig_iobase pciconfig_read pciconfig_write pivot_root prof profil putpmsg
    query_module readdir request_key riscv_flush_icache rtas s390_guarded_storage s390_pci_mmio_read
    s390_pci_mmio_write s390_runtime_instr s390_sthyi security set_tls sgetmask sigaction signal
    sigpending sigsuspend spu_create spu_run ssetmask stty subpage_prot swapcontext swapoff swapon
    switch_endian sync_file_range2 syscall sysfs sysmips timerfd tuxcall ulimit uselib userfaultfd usr26
    usr32 ustat vm86 vm86old vserver
    """
)
"""Calls that exist on some processor, and that no default lets through."""

CALLS_ABSENT_ON: Mapping[str, frozenset[str]] = {
    "amd64": split_names(
        """
        _llseek _newselect chown32 clock_adjtime64 clock_getres_time64 clock_gettime64
        clock_nanosleep_time64 clock_settime64 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64
        ftruncate64 futex_time64 getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32
        io_pgetevents_time64 ipc lchown32 lstat64 mmap2 mq_timedreceive_time64 mq_timedsend_time64
        ppoll_time64 pselect6_time64 recv recvmmsg_time64 rt_sigtimedwait_time64
        sched_rr_get_interval_time64 semtimedop_time64 send sendfile64 setfsgid32 setfsuid32 setgid32
        setgroups32 setregid32 setresgid32 setresuid32 setreuid32 setuid32 sigprocmask sigreturn
        socketcall stat64 statfs64 stime timer_gettime64 timer_settime64 timerfd_gettime64
        timerfd_settime64 truncate64 ugetrlimit umount utimensat_time64 waitpid
        """
    ),
    "arm64": split_names(
        """
        _llseek _newselect access alarm arch_prctl chmod chown chown32 clock_adjtime64 clock_getres_time64
        clock_gettime64 clock_nanosleep_time64 clock_settime64 creat dup2 epoll_create epoll_ctl_old
        epoll_wait epoll_wait_old eventfd fadvise64_64 fchown32 fcntl64 fork fstat64 fstatat64 fstatfs64
        ftruncate64 futex_time64 futimesat get_thread_area getdents getegid32 geteuid32 getgid32
        getgroups32 getpgrp getresgid32 getresuid32 getuid32 inotify_init io_pgetevents_time64 ioperm iopl
        ipc lchown lchown32 link lstat lstat64 mkdir mknod mmap2 modify_ldt mq_timedreceive_time64
        mq_timedsend_time64 open pause pipe poll ppoll_time64 pselect6_time64 readlink recv
        recvmmsg_time64 rename rmdir rt_sigtimedwait_time64 sched_rr_get_interval_time64 select
        semtimedop_time64 send sendfile64 set_thread_area setfsgid32 setfsuid32 setgid32 setgroups32
        setregid32 setresgid32 setresuid32 setreuid32 setuid32 signalfd sigprocmask sigreturn socketcall
        stat stat64 statfs64 stime symlink time timer_gettime64 timer_settime64 timerfd_gettime64
        timerfd_settime64 truncate64 ugetrlimit umount unlink utime utimensat_time64 utimes vfork waitpid
        """
    ),
}
"""Of those that a default lets through, the ones that a 64-bit program of that processor cannot make."""

SETUP_CALLS = split_names(
    """
    arch_prctl brk capget capset chdir clone close close_range dup3 epoll_create1 epoll_ctl epoll_pwait execve
    execveat exit exit_group faccessat faccessat2 fchdir fcntl fgetxattr fstat fstatfs futex getcwd getdents64
    getegid geteuid getgid getpid getppid getrandom gettid getuid ioctl lseek madvise mmap mprotect munmap
    nanosleep newfstatat open openat openat2 pipe2 prctl prlimit64 pread64 read readlinkat rt_sigaction
    rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield setgid setgroups setresgid setresuid setsid
    setuid sigaltstack stat statfs statx tgkill umask uname write
    """
)
"""What runc may do between the moment at which the filter acts and the program (runc 1.1 to 1.3)."""

TWIN_CALLS = (
    frozenset({"mkdir", "mkdirat"}),
    frozenset({"rmdir", "unlinkat"}),
    frozenset({"unlink", "unlinkat"}),
    frozenset({"symlink", "symlinkat"}),
    frozenset({"mknod", "mknodat"}),
    frozenset({"chmod", "fchmod", "fchmodat", "fchmodat2"}),
    frozenset({"chown", "lchown", "fchownat", "fchown"}),
)
"""Calls that do the same: which of them a program makes depends on its C library and on the architecture."""
