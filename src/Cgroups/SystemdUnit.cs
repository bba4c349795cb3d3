using System;
using System.Diagnostics;
using System.Globalization;
using OciRun.Errors;

namespace OciRun.Cgroups;

/// <summary>
/// A scope or slice of a service manager (org.freedesktop.systemd1(5)). What is sent does not wait for earlier answers;
/// every wait ends at a time limit.
/// </summary>
internal sealed partial class SystemdUnit : IDisposable
{
    /// <summary>Seconds for a job (features.md CG11).</summary>
    public const int JobLimit = 30;

    private const string Service = "org.freedesktop.systemd1";
    private const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    private static readonly DBusTarget Manager = new(Service, "/org/freedesktop/systemd1", ManagerInterface);
    private static readonly DBusTarget Properties = new(Service, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties");
    private static readonly DBusTarget Bus = new("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus");

    private readonly SystemdInstance _instance;
    private readonly uint? _uid;
    private readonly TimeSpan _jobLimit;
    private DBusConnection? _connection;
    private (int Number, Action? Woken) _watch = (-1, null);
    private int _version;

    /// <param name="instance">The service manager.</param>
    /// <param name="name">The unit's name.</param>
    /// <param name="uid">See <see cref="DBusConnection.Open"/>.</param>
    /// <param name="jobLimit">Time for a job; null for <see cref="JobLimit"/>.</param>
    public SystemdUnit(SystemdInstance instance, string name, uint? uid, TimeSpan? jobLimit = null)
    {
        _instance = instance;
        Name = name;
        _uid = uid;
        _jobLimit = jobLimit ?? TimeSpan.FromSeconds(JobLimit);
    }

    public string Name { get; }

    /// <summary>Descriptor of the connection, which no child may keep; -1 without one.</summary>
    public int Number => _connection?.Number ?? -1;

    /// <summary>A descriptor looked after while waiting, and what to do when it is readable; -1 for none.</summary>
    public (int Number, Action? Woken) Watch
    {
        get => _watch;
        set
        {
            _watch = value;
            if (_connection is not null)
                (_connection.Watched, _connection.Woken) = value;
        }
    }

    /// <summary>
    /// Major version of systemd: "257.13-1~deb13u1" and "v249" are 257 and 249; 0 for a text of another form. Asked once.
    /// </summary>
    public int Version
    {
        get
        {
            if (_version == 0)
                _version = ParseVersion(Get("Version"));
            return _version;
        }
    }

    /// <summary>Cgroup of the service manager, with a leading slash; empty for the hierarchy's root.</summary>
    public string ControlGroup => Get("ControlGroup").TrimEnd('/');

    /// <summary>Connects and sends what needs no answer, so that the bus works on it meanwhile.</summary>
    /// <exception cref="FaultException">Nobody is there.</exception>
    public void Connect()
    {
        _connection?.Dispose();
        _connection = _instance.Connect(_uid);
        (_connection.Watched, _connection.Woken) = Watch;
        _connection.Tell(
            Bus,
            "AddMatch",
            $"type='signal',sender='{Service}',path='{Manager.Path}',interface='{ManagerInterface}',member='JobRemoved',arg2='{Name}'");
        _connection.Flush();
    }

    /// <summary>Changes properties until the next boot; systemd keeps them over a reload (SetUnitProperties).</summary>
    /// <exception cref="FaultException">systemd refuses or does not answer.</exception>
    public void Set(SystemdProperties properties)
    {
        if (_connection is null)
            Connect();
        uint serial = _connection!.Call(Manager, "SetUnitProperties", "sba(sv)", DBusValue.Of(Name), DBusValue.Of(true), properties.ToValue());

        // systemd writes to the cgroup between two messages, so with the second answer that is done.
        uint second = _connection.Call(Properties, "Get", "ss", DBusValue.Of(ManagerInterface), DBusValue.Of("Version"));
        _connection.Flush();
        DBusMessage answer = Answer(serial);
        if (answer.Type == DBusMessage.Error)
            throw Refused("systemd refuses to change the properties of", answer);
        Answer(second);
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _connection = null;
    }

    internal static int ParseVersion(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().TrimStart('v');
        int length = 0;
        while (length < digits.Length && char.IsAsciiDigit(digits[length]))
            length++;
        return int.TryParse(digits[..length], NumberStyles.None, CultureInfo.InvariantCulture, out int version) ? version : 0;
    }

    private string Get(string property)
    {
        if (_connection is null)
            Connect();
        uint serial = _connection!.Call(Properties, "Get", "ss", DBusValue.Of(ManagerInterface), DBusValue.Of(property));
        _connection.Flush();
        DBusMessage answer = Answer(serial);
        if (answer.Type == DBusMessage.Error)
            throw Refused($"systemd does not tell its {property}, asked for", answer);
        if (answer.Signature != "v" || answer.Body.Value("v").Items[0] is not { Signature: "s", Text: { } text })
            throw DBusReader.Malformed($"{property} is no text");
        return text;
    }

    private DBusMessage Answer(uint serial) => Answer(serial, In(TimeSpan.FromSeconds(SystemdInstance.AnswerLimit)));

    private DBusMessage Answer(uint serial, long deadline)
    {
        while (true)
        {
            DBusMessage message = _connection!.Receive(deadline);
            if (message.Type is DBusMessage.MethodReturn or DBusMessage.Error && message.ReplySerial == serial)
                return message;
            Note(message);
        }
    }

    private static long In(TimeSpan limit) => Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);

    private FaultException Refused(string what, DBusMessage error) => new(new Fault($"{what} {Name}: {Said(error)}")
    {
        Field = "linux.cgroupsPath",
        Hint = error.ErrorName switch
        {
            "org.freedesktop.systemd1.UnitExists" => $"another container or program has this unit; 'systemctl{User} status {Name}' shows it",
            "org.freedesktop.DBus.Error.AccessDenied" or "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired" =>
                "root's systemd takes orders from root only; others need --systemd-cgroup with their own systemd",
            "org.freedesktop.DBus.Error.PropertyReadOnly" or "org.freedesktop.DBus.Error.UnknownProperty" =>
                "this version of systemd does not know the property",
            "org.freedesktop.DBus.Error.ServiceUnknown" or "org.freedesktop.DBus.Error.NameHasNoOwner" =>
                "is systemd running on this bus?",
            _ => null,
        },
    });

    private static string Said(DBusMessage error) => (error.Text.Length != 0 ? error.Text : error.ErrorName).TrimEnd('.');

    private string User => _instance.IsUser ? " --user" : "";
}
