"""The words that AppArmor's rules know (man 5 apparmor.d, versions 3.0 to 4.1): any other is refused."""


def split_words(words: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(words.split())


CAPABILITIES = split_words(
    """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
    net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot
    sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease
    audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read
    perfmon bpf checkpoint_restore
    """
)
FLAGS = split_words(
    """
    complain enforce kill unconfined prompt default_allow audit debug interruptible attach_disconnected
    no_attach_disconnected chroot_relative namespace_relative mediate_deleted delegate_deleted chroot_attach
    chroot_no_attach
    """
)
VALUED_FLAGS = ("error=", "kill.signal=", "attach_disconnected.path=", "attach_disconnected.ipc=")
"""Of AppArmor 4."""
EXCLUSIVE_FLAGS = (
    frozenset({"complain", "enforce", "kill", "unconfined", "prompt", "default_allow"}),
    frozenset({"attach_disconnected", "no_attach_disconnected"}),
    frozenset({"chroot_relative", "namespace_relative"}),
    frozenset({"mediate_deleted", "delegate_deleted"}),
    frozenset({"chroot_attach", "chroot_no_attach"}),
)
"""Of each at most one."""
NETWORK_FAMILIES = split_words(
    """
    unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose netbeui security key netlink
    packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn
    phonet ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp
    """
)
SOCKET_TYPES = split_words("stream dgram seqpacket rdm raw packet")
NETWORK_PROTOCOLS = split_words("tcp udp icmp")
PROTOCOLS_OF_FAMILIES = {"inet": NETWORK_PROTOCOLS, "inet6": NETWORK_PROTOCOLS - {"icmp"}}
NETWORK_ACCESSES = split_words(
    """
    create bind listen accept connect shutdown getattr setattr getopt setopt send receive read write
    """
)
PEER_ACCESSES = frozenset({"send", "receive", "read", "write", "accept", "connect"})
"""What is allowed towards a peer; the others are about a socket alone."""
ACCESSES = {
    "signal": frozenset({"send", "receive", "read", "write"}),
    "ptrace": frozenset({"trace", "tracedby", "read", "readby", "write"}),
    "dbus": frozenset({"send", "receive", "read", "write", "bind", "eavesdrop"}),
    "unix": NETWORK_ACCESSES,
}
CONDITIONS = {
    "signal": frozenset({"set", "peer"}),
    "ptrace": frozenset({"peer"}),
    "dbus": frozenset({"bus", "name", "path", "interface", "member"}),
    "unix": frozenset({"type", "addr"}),
}
PEER_CONDITIONS = {
    "dbus": frozenset({"bus", "name", "label", "path", "interface", "member"}),
    "unix": frozenset({"addr", "label"}),
}
SIGNALS = split_words(
    """
    hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term stkflt chld cont stop stp ttin
    ttou urg xcpu xfsz vtalrm prof winch io pwr sys emt exists
    """
) | {f"rtmin+{number}" for number in range(33)}
MOUNT_CONDITIONS = frozenset({"options", "option", "fstype", "vfstype"})
MOUNT_OPTIONS = split_words(
    """
    ro r read-only rw w suid nosuid dev nodev exec noexec sync async remount mand nomand dirsync symfollow
    nosymfollow atime noatime diratime nodiratime bind B move M rbind R verbose silent loud acl noacl
    unbindable make-unbindable runbindable make-runbindable private make-private rprivate make-rprivate slave
    make-slave rslave make-rslave shared make-shared rshared make-rshared relatime norelatime iversion
    noiversion strictatime nostrictatime lazytime nolazytime user nouser
    """
)
SIZE_LIMITS = split_words("fsize data stack core rss as memlock msgqueue")
COUNT_LIMITS = split_words("nofile ofile nproc locks sigpending rtprio")
TIME_LIMITS = frozenset({"cpu", "rttime"})
LIMITS = SIZE_LIMITS | COUNT_LIMITS | TIME_LIMITS | {"nice"}
SIZE_UNITS = frozenset({"K", "KB", "M", "MB", "G", "GB"})
TIME_UNITS_S = {
    **dict.fromkeys(("us", "microsecond", "microseconds"), 0.000_001),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("week", "weeks"), 604_800),
}
