using System;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>
/// A client of a message bus, or of a peer that speaks D-Bus without one. Nothing waits for an answer that the next
/// message does not need: authentication, Hello and the first calls leave together. Every wait has a deadline.
/// </summary>
internal sealed class DBusConnection : IDisposable
{
    /// <summary>Code of the fault when the peer closes the connection.</summary>
    public const string ClosedCode = "dbus-closed";

    /// <summary>Code of the fault when no answer came in time.</summary>
    public const string TimeoutCode = "dbus-timeout";

    // A line of the authentication is far shorter.
    private const int LongestLine = 1024;

    private readonly DBusAddress _address;
    private readonly Fd _socket;
    private readonly DBusWriter _out = new();
    private byte[] _in = new byte[4096];
    private int _taken;
    private int _filled;
    private uint _serial;
    private uint _hello;
    private bool _authenticated;

    private DBusConnection(DBusAddress address, Fd socket)
    {
        _address = address;
        _socket = socket;
    }

    /// <summary>The connection's descriptor, which no child may keep.</summary>
    public int Number => _socket.Number;

    /// <summary>A descriptor that is looked after while waiting; -1 for none.</summary>
    public int Watched { get; set; } = -1;

    /// <summary>Called when <see cref="Watched"/> is readable; what it throws ends the wait.</summary>
    public Action? Woken { get; set; }

    /// <summary>Connects and queues authentication and Hello.</summary>
    /// <param name="address">Where the peer listens.</param>
    /// <param name="uid">
    /// This process's uid as the bus sees it; null leaves it to the socket's credentials, which is right from within a
    /// user namespace too but takes the bus one line more.
    /// </param>
    /// <param name="isBus">False for a peer that is no bus and so knows no Hello.</param>
    /// <param name="limit">For connecting and for each send, in seconds.</param>
    /// <exception cref="FaultException">Nobody listens there, or this user may not connect.</exception>
    public static DBusConnection Open(DBusAddress address, uint? uid, bool isBus, int limit)
    {
        Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        int result = socket.Number;
        if (result >= 0)
        {
            Sys.LimitSends(socket.Number, limit);
            result = address.Connect(socket.Number);
        }

        if (result < 0)
        {
            socket.Dispose();
            throw new FaultException(new Fault($"cannot connect to the message bus at {address}")
            {
                Syscall = "connect",
                Errno = -result,
                Code = result == -Errno.EAGAIN ? TimeoutCode : null,
            });
        }

        DBusConnection connection = new(address, socket);
        connection.Greet(uid, isBus);
        return connection;
    }

    /// <summary>Queues a call; <see cref="Flush"/> sends it.</summary>
    /// <returns>Its serial, which the reply has.</returns>
    public uint Call(in DBusTarget target, string member, string signature, params ReadOnlySpan<DBusValue> arguments)
    {
        uint serial = Begin(target, member, signature);
        foreach (DBusValue argument in arguments)
            _out.Value(argument);
        _out.End();
        return serial;
    }

    /// <summary>Queues a call that nobody answers unless it fails.</summary>
    public void Tell(in DBusTarget target, string member, string argument)
    {
        _out.Call(++_serial, target, member, "s", DBusWriter.NoReply);
        _out.Value(argument);
        _out.End();
    }

    /// <summary>Sends what is queued.</summary>
    public void Flush()
    {
        ReadOnlySpan<byte> rest = _out.Bytes;
        while (!rest.IsEmpty)
        {
            long sent = Sys.send(_socket.Number, rest);
            if (sent == -Errno.EAGAIN)
                throw Silent();
            if (sent < 0)
                throw Closed("sendto", (int)-sent);
            rest = rest[(int)sent..];
        }

        _out.Clear();
    }

    /// <summary>The next message, whatever it is.</summary>
    /// <param name="deadline">Value of <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <exception cref="FaultException">
    /// None came in time (<see cref="TimeoutCode"/>), the peer closed (<see cref="ClosedCode"/>) or talks nonsense.
    /// </exception>
    public DBusMessage Receive(long deadline)
    {
        while (true)
        {
            if (_authenticated || Authenticate())
            {
                DBusMessage? message = DBusMessage.Take(_in.AsSpan(_taken.._filled), out int size);
                if (message is not null)
                {
                    _taken += size;
                    if (message.Type == DBusMessage.Error && message.ReplySerial == _hello && _hello != 0)
                        throw Refused($"{message.ErrorName}: {message.Text}");
                    return message;
                }

                Reserve(size);
            }

            Fill(deadline);
        }
    }

    public void Dispose() => _socket.Dispose();

    // The NUL carries the credentials where the kernel does not (D-Bus Specification, "Authentication Protocol").
    private void Greet(uint? uid, bool isBus)
    {
        _out.Raw("\0AUTH EXTERNAL"u8);
        if (uid is null)
        {
            _out.Raw("\r\nDATA"u8);
        }
        else
        {
            // The decimal number in hexadecimal.
            _out.Raw(" "u8);
            foreach (char digit in uid.Value.ToString(CultureInfo.InvariantCulture))
                _out.Raw([(byte)'3', (byte)digit]);
        }

        _out.Raw("\r\nBEGIN\r\n"u8);
        if (isBus)
            _hello = Call(new DBusTarget("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"), "Hello", "");
    }

    // True once the peer has taken the identity. Lines: DATA asks for one, OK takes it, REJECTED and ERROR do not.
    private bool Authenticate()
    {
        while (true)
        {
            ReadOnlySpan<byte> text = _in.AsSpan(_taken.._filled);
            int end = text.IndexOf("\r\n"u8);
            if (end < 0 && text.Length <= LongestLine)
                return false;
            ReadOnlySpan<byte> line = end < 0 ? text[..LongestLine] : text[..end];
            _taken += end + 2;
            if (line.StartsWith("OK"u8) && end >= 0)
                return _authenticated = true;
            if (line.StartsWith("REJECTED"u8))
                throw Refused("the bus does not take the identity of this user");
            if (!line.StartsWith("DATA"u8) || end < 0)
                throw Refused($"unexpected answer \"{Encoding.UTF8.GetString(line[..Math.Min(line.Length, 80)])}\"");
        }
    }

    private uint Begin(in DBusTarget target, string member, string signature)
    {
        _out.Call(++_serial, target, member, signature);
        return _serial;
    }

    // Room for a message of this size, or for what comes when its size is not known.
    private void Reserve(int size)
    {
        _in.AsSpan(_taken.._filled).CopyTo(_in);
        _filled -= _taken;
        _taken = 0;
        if (size > _in.Length)
            Array.Resize(ref _in, size);
    }

    private void Fill(long deadline)
    {
        if (_filled == _in.Length)
            Reserve(_in.Length + 1);
        Span<pollfd> wait =
        [
            new pollfd { fd = _socket.Number, events = Uapi.POLLIN },
            new pollfd { fd = Watched, events = Uapi.POLLIN },
        ];
        while (wait[0].revents == 0)
        {
            long left = Milliseconds(deadline);
            if (left == 0)
                throw Silent();
            Sys.ppoll(wait, left);
            if (wait[1].revents != 0)
                Woken?.Invoke();
        }

        long n = Sys.read(_socket.Number, _in.AsSpan(_filled));
        if (n <= 0)
            throw Closed("read", (int)-n);
        _filled += (int)n;
    }

    // Rounded up, so that a wait does not end just before its time.
    private static long Milliseconds(long deadline)
    {
        long ticks = deadline - Stopwatch.GetTimestamp();
        return ticks <= 0 ? 0 : ((ticks * 1000) + Stopwatch.Frequency - 1) / Stopwatch.Frequency;
    }

    private FaultException Silent() => new(new Fault($"no answer from the message bus at {_address} in time")
    {
        Hint = "does systemd hang? 'systemctl is-system-running' asks it",
        Code = TimeoutCode,
    });

    private FaultException Closed(string call, int errno) =>
        new(new Fault($"the message bus at {_address} closed the connection")
        {
            Syscall = errno == 0 ? null : call,
            Errno = errno,
            Hint = "its log (journalctl -u dbus) may say why",
            Code = ClosedCode,
        });

    private FaultException Refused(string why) => new(new Fault($"the message bus at {_address} refuses this process: {why}"));
}
