using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>A service manager and the way to it.</summary>
/// <param name="IsUser">A user's own manager instead of that of the system.</param>
/// <param name="Address">Address of its bus as D-Bus writes it; null for the usual one of the system.</param>
internal sealed record SystemdInstance(bool IsUser, string? Address)
{
    /// <summary>Seconds for connecting, sending and all answers but those about jobs.</summary>
    public const int AnswerLimit = 10;

    private const string SystemVariable = "DBUS_SYSTEM_BUS_ADDRESS";
    private const string SessionVariable = "DBUS_SESSION_BUS_ADDRESS";

    // Of systemd itself: root may speak to it without a bus (early boot, containers without a bus).
    private static readonly DBusAddress Private = new("/run/systemd/private", IsAbstract: false);

    /// <summary>The manager of the system.</summary>
    /// <param name="variable">Value of DBUS_SYSTEM_BUS_ADDRESS.</param>
    public static SystemdInstance System(string? variable) => new(false, string.IsNullOrEmpty(variable) ? null : variable);

    /// <summary>The manager of the user (features.md RL10).</summary>
    /// <param name="session">Value of DBUS_SESSION_BUS_ADDRESS.</param>
    /// <param name="runtimeDirectory">Value of XDG_RUNTIME_DIR.</param>
    /// <exception cref="FaultException">Neither is set.</exception>
    public static SystemdInstance User(string? session, string? runtimeDirectory)
    {
        if (!string.IsNullOrEmpty(session))
            return new SystemdInstance(true, session);
        if (!string.IsNullOrEmpty(runtimeDirectory))
            return new SystemdInstance(true, $"unix:path={Escape(runtimeDirectory)}/bus");
        throw new FaultException(new Fault("no D-Bus of the user is known: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set")
        {
            Field = "--systemd-cgroup",
            Hint = "install a user D-Bus (package dbus-user-session) and log in again, or run without --systemd-cgroup",
        });
    }

    /// <summary>Connects; nothing is awaited.</summary>
    /// <param name="uid">See <see cref="DBusConnection.Open"/>.</param>
    /// <param name="limit">For connecting and for each send, in seconds.</param>
    public DBusConnection Connect(uint? uid, int limit = AnswerLimit)
    {
        if (Address is null)
            return ConnectSystem(uid, limit);
        DBusAddress[] list = DBusAddress.Parse(Address, IsUser ? SessionVariable : SystemVariable);
        for (int i = 0; ; i++)
        {
            try
            {
                return DBusConnection.Open(list[i], uid, isBus: true, limit);
            }
            catch (FaultException failure) when (i == list.Length - 1)
            {
                throw IsUser ? WithAdvice(failure) : failure;
            }
            catch (FaultException)
            {
                // The next one of the list may be served.
            }
        }
    }

    private static DBusConnection ConnectSystem(uint? uid, int limit)
    {
        try
        {
            return DBusConnection.Open(new DBusAddress("/run/dbus/system_bus_socket", IsAbstract: false), uid, isBus: true, limit);
        }
        catch (FaultException failure) when (failure.Fault.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            try
            {
                return DBusConnection.Open(Private, uid, isBus: false, limit);
            }
            catch (FaultException)
            {
                throw new FaultException(failure.Fault with
                {
                    Field = "--systemd-cgroup",
                    Hint = "the systemd driver needs a running systemd and D-Bus; use the cgroupfs driver without them",
                });
            }
        }
    }

    private static FaultException WithAdvice(FaultException failure) => new(failure.Fault with
    {
        Field = "--systemd-cgroup",
        Hint = "is a user D-Bus installed (package dbus-user-session) and the user's systemd running ('systemctl --user status')?",
    });

    // The characters that an address may have as they are, as far as paths use them.
    private static string Escape(string path)
    {
        global::System.Text.StringBuilder text = new();
        foreach (byte value in Sys.Bytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)value) || value is (byte)'/' or (byte)'-' or (byte)'_' or (byte)'.')
                text.Append((char)value);
            else
                text.Append('%').Append(value.ToString("x2", global::System.Globalization.CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
