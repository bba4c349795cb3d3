using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using OciRun.Kernel;

namespace OciRun.Tests.Integration.Callers;

/// <summary>The service manager's end of NOTIFY_SOCKET: takes down what comes and answers barriers (sd_notify(3)).</summary>
internal sealed class NotifyHost : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> received = [];
    private readonly Thread reader;
    private readonly bool answers;
    private int kept = -1;
    private volatile bool ends;

    /// <param name="path">Path, or <c>@</c> and a name in the abstract namespace.</param>
    /// <param name="answers">False keeps the descriptor of a barrier.</param>
    public NotifyHost(string path, bool answers = true)
    {
        Path = path;
        this.answers = answers;
        socket.Bind(new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        reader = new Thread(Read) { IsBackground = true };
        reader.Start();
    }

    public string Path { get; }

    /// <summary>The datagrams so far.</summary>
    public string[] Received
    {
        get
        {
            lock (received)
                return [.. received];
        }
    }

    public void Dispose()
    {
        ends = true;
        reader.Join();
        socket.Dispose();
        if (kept >= 0)
            Sys.close(kept);
    }

    private void Read()
    {
        byte[] buffer = new byte[65536];
        while (!ends)
        {
            if (!socket.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead))
                continue;
            long length = Sys.recvmsg((int)socket.Handle, buffer, out int fd);
            lock (received)
                received.Add(Encoding.UTF8.GetString(buffer, 0, (int)length));

            // The answer: whoever waits for it may look at what was received.
            if (fd >= 0 && answers)
                Sys.close(fd);
            else if (fd >= 0)
                kept = fd;
        }
    }
}
