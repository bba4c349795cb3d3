using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using OciRun.Cgroups;

namespace OciRun.Tests.Cgroups;

/// <summary>
/// A message bus with a systemd on it, as far as a test scripts it: <see cref="OnCall"/> gets each method call and
/// answers with the bytes to send.
/// </summary>
internal sealed class FakeBus : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _clients = [];
    private readonly Thread _thread;

    public FakeBus()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"bus-{Guid.NewGuid():N}");
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public string Path { get; }

    public SystemdInstance Instance => new(IsUser: false, $"unix:path={Path}");

    /// <summary>Member, arguments and serial of a call to the answer; null for none.</summary>
    public Func<string, string, uint, byte[]?> OnCall { get; set; } = (_, _, serial) => DBusWire.Return(serial);

    /// <summary>What the authentication is answered with; null for silence.</summary>
    public string? Greeting { get; set; } = "OK 0123456789abcdef\r\n";

    /// <summary>Bytes of one send; 0 for all at once.</summary>
    public int Piece { get; set; }

    /// <summary>Close the connection after this answer was sent.</summary>
    public Func<string, bool> HangUp { get; set; } = _ => false;

    public string AuthenticationSeen { get; private set; } = "";

    /// <summary>Every call as <c>Member arguments</c>, in order.</summary>
    public List<string> Calls { get; } = [];

    public int Connections { get; private set; }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_clients)
            _clients.ForEach(static client => client.Dispose());
        _thread.Join(5000);
        File.Delete(Path);
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                Socket client = _listener.Accept();
                lock (_clients)
                    _clients.Add(client);
                Connections++;
                using (client)
                    Talk(client);
            }
        }
        catch (SocketException)
        {
            // The test is over.
        }
        catch (ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Talk(Socket client)
    {
        List<byte> received = [];
        byte[] buffer = new byte[4096];
        bool greeted = false;
        while (true)
        {
            int n;
            try
            {
                n = client.Receive(buffer);
            }
            catch (SocketException)
            {
                return;
            }

            if (n == 0)
                return;
            received.AddRange(buffer[..n]);
            if (!greeted)
            {
                string text = Encoding.Latin1.GetString([.. received]);
                int end = text.IndexOf("BEGIN\r\n", StringComparison.Ordinal);
                if (end < 0)
                    continue;
                AuthenticationSeen = text[..(end + 7)];
                received.RemoveRange(0, end + 7);
                greeted = true;
                if (Greeting is not null)
                    Send(client, Encoding.ASCII.GetBytes(Greeting));
            }

            while (DBusMessage.Take([.. received], out int size) is { } message)
            {
                uint serial = BitConverter.ToUInt32([.. received.GetRange(8, 4)]);
                received.RemoveRange(0, size);
                string arguments = Arguments(message);
                lock (Calls)
                    Calls.Add($"{message.Member} {arguments}".TrimEnd());
                byte[]? answer = OnCall(message.Member, arguments, serial);
                if (answer is not null && !Send(client, answer))
                    return;
                if (HangUp(message.Member))
                    return;
            }
        }
    }

    private bool Send(Socket client, byte[] bytes)
    {
        try
        {
            int piece = Piece == 0 ? bytes.Length : Piece;
            for (int at = 0; at < bytes.Length; at += piece)
            {
                client.Send(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
                if (Piece != 0)
                    Thread.Sleep(1);
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Arguments(DBusMessage message)
    {
        StringBuilder text = new();
        DBusReader reader = message.Body;
        string signature = message.Signature;
        while (signature.Length != 0)
        {
            int length = DBusSignature.LengthOfFirst(signature);
            text.Append(reader.Value(signature.AsSpan(0, length))).Append(' ');
            signature = signature[length..];
        }

        return text.ToString().TrimEnd();
    }
}
