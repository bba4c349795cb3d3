using System;
using System.Collections.Generic;
using System.Text.Json;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.State;

/// <summary>
/// Reads state.json as hostile input: a pid is signalled and a cgroup removed because it names them. Anything
/// this program would not have written itself is refused.
/// </summary>
internal ref struct ContainerRecordReader
{
    /// <summary>PID_MAX_LIMIT of 64-bit kernels.</summary>
    private const int LargestPid = 4194304;

    private readonly string _path;
    private Utf8JsonReader _json;

    private ContainerRecordReader(byte[] bytes, string path)
    {
        _path = path;
        _json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 2 });
    }

    /// <param name="bytes">The whole file.</param>
    /// <param name="id">The container whose directory holds it.</param>
    /// <param name="path">For the error text.</param>
    /// <exception cref="FaultException">It is damaged or was not written by this version of this program.</exception>
    public static ContainerRecord Read(byte[] bytes, string id, string path)
    {
        ContainerRecordReader reader = new(bytes, path);
        try
        {
            ContainerRecord record = reader.Record();
            return record.Id == id ? record : throw reader.Damaged($"it describes container \"{record.Id}\"");
        }
        catch (JsonException)
        {
            throw reader.Damaged("invalid JSON");
        }
        catch (InvalidOperationException)
        {
            throw reader.Damaged("invalid UTF-8");
        }
    }

    private ContainerRecord Record()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw Damaged("not an object");
        ContainerRecord record = new() { Version = 0, Id = "", Bundle = "", Rootfs = "", Created = "" };
        uint seen = 0;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string name = _json.GetString() ?? "";
            _json.Read();
            (record, int bit) = Field(record, name);
            if ((seen & (1u << bit)) != 0)
                throw Damaged($"\"{name}\" is there twice");
            seen |= 1u << bit;
        }

        if (_json.TokenType != JsonTokenType.EndObject || _json.Read())
            throw Damaged("invalid JSON");
        if ((seen & 0xff) != 0xff)
            throw Damaged("a field is missing");
        if (record.Pid != 0 && record.StartTime == 0)
            throw Damaged("\"startTime\" is missing");
        return record;
    }

    // The first eight bits are the fields without which a record is useless.
    private (ContainerRecord Record, int Bit) Field(ContainerRecord record, string name) => name switch
    {
        "version" => (record with { Version = Version() }, 0),
        "id" => (record with { Id = Text(name) }, 1),
        "pid" => (record with { Pid = (int)Number(name, LargestPid) }, 2),
        "startTime" => (record with { StartTime = Number(name, long.MaxValue) }, 3),
        "bundle" => (record with { Bundle = Absolute(name) }, 4),
        "rootfs" => (record with { Rootfs = Absolute(name) }, 5),
        "created" => (record with { Created = Text(name) }, 6),
        "ownPidNamespace" => (record with { OwnPidNamespace = Flag(name) }, 7),
        "ociVersion" => (record with { OciVersion = Text(name) }, 8),
        "owner" => (record with { Owner = (uint)Number(name, uint.MaxValue) }, 9),
        "cgroupPath" => (record with { CgroupPath = Cgroup(name) }, 10),
        "systemdCgroup" => (record with { SystemdCgroup = Flag(name) }, 11),
        "rootless" => (record with { Rootless = Flag(name) }, 12),
        "annotations" => (record with { Annotations = Annotations(name) }, 13),
        "resctrlGroup" => (record with { ResctrlGroup = Group(name) }, 14),
        "resctrlOwned" => (record with { ResctrlOwned = Flag(name) }, 15),
        "resctrlMonitored" => (record with { ResctrlMonitored = Flag(name) }, 16),
        "noNewKeyring" => (record with { NoNewKeyring = Flag(name) }, 24),
        "rootfsMount" => (record with { RootfsMount = Number(name, long.MaxValue) }, 17),
        "lastWords" => (record with { LastWords = Flag(name) }, 18),
        "systemdUnit" => (record with { SystemdUnit = Unit(name) }, 19),
        "systemdUser" => (record with { SystemdUser = Flag(name) }, 20),
        "systemdBus" => (record with { SystemdBus = Text(name) }, 21),
        "subCgroup" => (record with { SubCgroup = Below(name) }, 22),
        "layers" => (record with { Layers = Flag(name) }, 23),
        _ => throw Damaged($"unknown field \"{name}\""),
    };

    private int Version()
    {
        ulong version = Number("version", int.MaxValue);
        return version == ContainerRecord.CurrentVersion
            ? (int)version
            : throw Damaged($"version {version} was written by another release");
    }

    private readonly ulong Number(string name, ulong largest) =>
        _json.TokenType == JsonTokenType.Number && _json.TryGetUInt64(out ulong value) && value <= largest
            ? value
            : throw Damaged($"\"{name}\" is out of range");

    private readonly bool Flag(string name) => _json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Damaged($"\"{name}\" is not a boolean"),
    };

    private readonly string Text(string name)
    {
        if (_json.TokenType != JsonTokenType.String)
            throw Damaged($"\"{name}\" is not a text");
        string text = _json.GetString() ?? "";
        return !text.Contains('\0', StringComparison.Ordinal) ? text : throw Damaged($"\"{name}\" contains a NUL");
    }

    private readonly string Absolute(string name)
    {
        string path = Text(name);
        return path.StartsWith('/') ? path : throw Damaged($"\"{name}\" is not an absolute path");
    }

    private readonly string Cgroup(string name)
    {
        string path = Absolute(name);
        return CgroupLocation.IsPlain(path) ? path : throw Damaged($"\"{name}\" is not a plain absolute path");
    }

    // The unit is stopped by this name: a container's scope or slice, never a service.
    private readonly string Unit(string name)
    {
        string unit = Text(name);
        return unit.EndsWith(".scope", StringComparison.Ordinal) || unit.EndsWith(".slice", StringComparison.Ordinal)
            ? unit
            : throw Damaged($"\"{name}\" is not the name of a scope or slice");
    }

    private readonly string Below(string name)
    {
        string path = Text(name);
        return CgroupLocation.IsPlain("/" + path) ? path : throw Damaged($"\"{name}\" is not a plain relative path");
    }

    // One directory below the mount of resctrl, or the mount itself: it is removed by this name.
    private readonly string Group(string name)
    {
        string group = Text(name);
        return group == "/" || (group is not "" and not "." and not ".." && !group.Contains('/', StringComparison.Ordinal))
            ? group
            : throw Damaged($"\"{name}\" is not the name of a group");
    }

    private Pair[] Annotations(string name)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            throw Damaged($"\"{name}\" is not an object");
        List<Pair> pairs = [];
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string key = _json.GetString() ?? "";
            _json.Read();
            pairs.Add(new Pair(key, Text(key)));
        }

        return [.. pairs];
    }

    private readonly FaultException Damaged(string what) => new(new Fault($"damaged state: {what}")
    {
        Field = "state file",
        Value = _path,
        Hint = "remove the container with 'ocirun delete --force'",
        Code = "damaged-state",
    });
}
