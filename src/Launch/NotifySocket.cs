using System;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// NOTIFY_SOCKET of the container (sd_notify(3), features.md §1.25): a socket in the container's directory, which the
/// container sees at /run/notify. That it is ready goes on to the socket of the caller's service manager, and nothing else.
/// </summary>
/// <remarks>
/// What arrives is hostile: one line of at most <see cref="LargestDatagram"/> bytes passes, descriptors are dropped by the
/// kernel because nobody asks for them, and who sends much waits.
/// </remarks>
internal sealed unsafe partial class NotifySocket : IDisposable
{
    private const int LargestDatagram = 4096;

    // The kernel queues about as many.
    private const int Burst = 10;

    // Milliseconds until the next ones are read.
    private const int Pause = 20;

    private readonly Fd _directory;
    private readonly Fd _socket;
    private readonly Fd _host;
    private readonly byte[] _datagram = new byte[LargestDatagram];
    private long _resume;

    private NotifySocket(Fd directory, Fd socket, Fd host)
    {
        _directory = directory;
        _socket = socket;
        _host = host;
    }

    /// <summary>The caller's NOTIFY_SOCKET: a path, or <c>@</c> and an abstract name; null without one.</summary>
    public static string? Host { get; } = Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } value ? value : null;

    /// <summary>True once the service manager knows.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What to poll(2) for input; -1 while nothing is to be read.</summary>
    public int Number => Environment.TickCount64 < _resume ? -1 : _socket.Number;

    /// <summary>Milliseconds after which <see cref="Number"/> is another one; -1 for never.</summary>
    public long Changes => Number >= 0 ? -1 : Math.Max(1, _resume - Environment.TickCount64);

    private static ReadOnlySpan<byte> DirectoryName => "notify"u8;

    private static ReadOnlySpan<byte> Name => "notify.sock"u8;

    /// <summary>Adds the mount and the variable to a config.</summary>
    /// <param name="config">The container's.</param>
    /// <param name="directory">Absolute path of the directory that will be the container's own.</param>
    public static void AddTo(Config config, string directory)
    {
        if (config.Process is null)
            return;
        config.Mounts =
        [
            .. config.Mounts ?? [],
            new Mount
            {
                Destination = "/run/notify",
                Type = "bind",
                Source = $"{directory}/notify",
                Options = ["bind", "nosuid", "noexec", "nodev", "ro"],
            },
        ];
        config.Process.Env = [.. config.Process.Env ?? [], "NOTIFY_SOCKET=/run/notify/notify.sock"];
    }

    /// <summary>Makes the directory that is mounted. It is the sign for <c>start</c> that the container can notify.</summary>
    /// <exception cref="FaultException">The disk is full.</exception>
    public static void MakeDirectory(ContainerDirectory directory)
    {
        int result = Sys.mkdirat(directory.Number, DirectoryName, 0x1ed /* 0755 */);
        string syscall = "mkdirat";
        if (result >= 0)
        {
            // The umask may have taken bits away that the container's users need.
            using Fd made = Open(directory);
            syscall = "fchmodat";
            result = made.Number < 0 ? made.Number : Sys.fchmodat(directory.Number, DirectoryName, 0x1ed);
        }

        if (result < 0)
            throw Failed("cannot make the directory of the notify socket", syscall, result);
    }

    /// <summary>
    /// Makes the socket, before the program starts. Null when the caller has none, the container was made without one, or
    /// nobody listens at the caller's: then there is nobody to tell.
    /// </summary>
    /// <exception cref="FaultException">The socket cannot be made.</exception>
    public static NotifySocket? Listen(ContainerDirectory container)
    {
        if (Host is null)
            return null;
        Fd directory = Open(container);
        Fd? host = directory.Number < 0 ? null : Connect(Host);
        if (host is null)
        {
            directory.Dispose();
            return null;
        }

        Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_DGRAM | Uapi.SOCK_NONBLOCK));
        int result = socket.Number;
        string syscall = "socket";
        if (result >= 0)
        {
            syscall = "bind";
            byte[] path = [.. Sys.Bytes($"/proc/self/fd/{directory.Number}/"), .. Name];
            Sys.unlinkat(directory.Number, Name, 0);
            int mask = Sys.umask(0);
            result = Sys.bind(socket.Number, path);
            Sys.umask((uint)mask);
        }

        if (result >= 0)
            return new NotifySocket(directory, socket, host);
        socket.Dispose();
        directory.Dispose();
        host.Dispose();
        throw Failed("cannot make the notify socket", syscall, result);
    }

    /// <summary>
    /// Takes what has arrived; the first line that says READY= is passed on, on whichever line of a datagram it stands.
    /// </summary>
    /// <param name="mainPid">Pid that the service manager is to watch from then on.</param>
    public void Receive(int mainPid)
    {
        for (int i = 0; i < Burst; i++)
        {
            long length = Sys.read(_socket.Number, _datagram);
            if (length < 0)
                return;
            if (!IsReady && FindReady(_datagram.AsSpan(0, (int)length)) is { IsEmpty: false } line)
            {
                IsReady = true;
                Tell(line, mainPid);
            }
        }

        _resume = Environment.TickCount64 + Pause;
    }

    public void Dispose()
    {
        Sys.unlinkat(_directory.Number, Name, 0);
        _socket.Dispose();
        _directory.Dispose();
        _host.Dispose();
        _barrier?.Dispose();
    }

    /// <summary>The first line that begins with <c>READY=</c>, empty when there is none.</summary>
    internal static ReadOnlySpan<byte> FindReady(ReadOnlySpan<byte> datagram)
    {
        // systemd ignores messages with them.
        if (datagram.Contains((byte)0))
            return default;
        foreach (Range range in datagram.Split((byte)'\n'))
        {
            if (datagram[range].StartsWith("READY="u8))
                return datagram[range];
        }

        return default;
    }

    private static Fd Open(ContainerDirectory container) =>
        new(Sys.openat(container.Number, DirectoryName, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));

    private static Fd? Connect(string address)
    {
        Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_DGRAM));
        Sys.LimitSends(socket.Number, ConsoleSocket.Patience);
        int result = address[0] == '@'
            ? Sys.ConnectAbstract(socket.Number, Encoding.UTF8.GetBytes(address[1..]))
            : ConsoleSocket.Connect(socket.Number, Sys.Bytes(address));
        if (result >= 0)
            return socket;
        socket.Dispose();
        Log.Warning($"NOTIFY_SOCKET \"{address}\": nobody listens there ({Errno.Name(-result)}), so that nobody is told when the container is ready");
        return null;
    }

    private static FaultException Failed(string message, string syscall, int result) => new(new Fault(message)
    {
        Field = "NOTIFY_SOCKET",
        Value = Host,
        Syscall = syscall,
        Errno = -result,
    });
}
