using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using OciRun.Kernel;

namespace OciRun.Tests.Integration;

/// <summary>A program that answers the calls a filter hands to its listener (seccomp_unotify(2)).</summary>
internal sealed unsafe class SeccompAgent : IDisposable
{
    private const uint SECCOMP_IOCTL_NOTIF_RECV = 0xc0502100;
    private const uint SECCOMP_IOCTL_NOTIF_SEND = 0xc0182101;
    private const uint SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1;

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Dictionary<int, int> errors;
    private readonly Thread thread;
    private readonly ManualResetEventSlim received = new();
    private volatile bool ended;
    private string payload = "";

    /// <param name="path">Where to listen; may be longer than an address.</param>
    /// <param name="errors">Positive errno by system call number; other calls go on.</param>
    public SeccompAgent(string path, Dictionary<int, int> errors)
    {
        this.errors = errors;
        Path = path;
        string directory = System.IO.Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        using Fd parent = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(directory), Uapi.O_PATH | Uapi.O_DIRECTORY));
        socket.Bind(new UnixDomainSocketEndPoint($"/proc/self/fd/{parent.Number}/{System.IO.Path.GetFileName(path)}"));
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        socket.Listen(4);
        thread = new Thread(Serve) { IsBackground = true };
        thread.Start();
    }

    public string Path { get; }

    /// <summary>The first message of the one connection; waits for it.</summary>
    public string Payload
    {
        get
        {
            if (!received.Wait(TimeSpan.FromSeconds(5)))
                throw new TimeoutException("nobody sent a listener");
            return payload;
        }
    }

    public JsonObject Document => (JsonObject)JsonNode.Parse(Payload)!;

    /// <summary>Whether a listener came.</summary>
    public bool HasListener => received.IsSet;

    /// <summary>Numbers of the calls that were answered, in order.</summary>
    public ConcurrentQueue<int> Calls { get; } = new();

    /// <summary>Descriptors that came with the first message.</summary>
    public int Descriptors { get; private set; }

    public void Dispose()
    {
        ended = true;
        thread.Join();
        socket.Dispose();
        received.Dispose();
    }

    private void Serve()
    {
        if (!Wait(socket))
            return;
        using Socket connection = socket.Accept();
        if (!Wait(connection))
            return;
        byte[] block = new byte[1 << 16];
        long length = Sys.recvmsg((int)connection.Handle, block, out int number);
        using Fd listener = new(number);
        Descriptors = number >= 0 ? 1 : 0;

        // One message is all there is; runc keeps the connection open as long as it runs.
        payload = Encoding.UTF8.GetString(block, 0, (int)Math.Max(length, 0));
        received.Set();
        while (!ended && number >= 0)
            Answer(number);
    }

    private bool Wait(Socket readable)
    {
        while (!readable.Poll(20_000, SelectMode.SelectRead))
        {
            if (ended)
                return false;
        }

        return true;
    }

    private void Answer(int listener)
    {
        Span<pollfd> wait = [new pollfd { fd = listener, events = Uapi.POLLIN }];
        Sys.ppoll(wait, 20);
        if ((wait[0].revents & Uapi.POLLIN) == 0)
        {
            if (wait[0].revents != 0)
                Thread.Sleep(5);
            return;
        }

        seccomp_notif call = default;
        if (Sys.ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
            return;
        Calls.Enqueue(call.nr);
        seccomp_notif_resp answer = new() { id = call.id };
        if (errors.TryGetValue(call.nr, out int error))
            answer.error = -error;
        else
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        Sys.ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }

    [StructLayout(LayoutKind.Sequential, Size = 80)]
    private struct seccomp_notif
    {
        public ulong id;
        public uint pid;
        public uint flags;
        public int nr;
        public uint arch;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct seccomp_notif_resp
    {
        public ulong id;
        public long val;
        public int error;
        public uint flags;
    }
}
