using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private static readonly (string Name, ulong Major, ulong Minor)[] DefaultDevices =
    [
        ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
    ];

    /// <summary>dev_t as mknod(2) takes it (linux/kdev_t.h, new_encode_dev).</summary>
    public static ulong DeviceNumber(ulong major, ulong minor) =>
        (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xffffff00) << 12) | ((major & 0xfffff000) << 32);

    private void Devices()
    {
        LinuxDevice[] devices = _linux.Devices ?? [];

        // A /dev that comes from the host has its own nodes and is not ours to change.
        if (!_devIsBind)
        {
            OpenDev();
            foreach ((string name, ulong major, ulong minor) in DefaultDevices)
            {
                if (!IsReplaced(devices, name))
                    AddDevice(Slot.Dev, name, "/dev/" + name, Uapi.S_IFCHR | 0x1b6, 0, 0, DeviceNumber(major, minor), "linux.devices");
            }
        }

        for (int i = 0; i < devices.Length; i++)
            AddDevice(devices[i], $"linux.devices[{i}]");
        if (!_devIsBind)
            Links();
    }

    private void OpenDev()
    {
        Step dev = TextStep(Op.OpenDev, "dev"u8, "linux.devices");
        dev.Slot = Slot.Dev;
        _plan.Add(dev);
    }

    private static bool IsReplaced(LinuxDevice[] devices, string name)
    {
        foreach (LinuxDevice device in devices)
        {
            Utf8 path = Paths.InRoot(device.Path);
            if (path.StartsWith("dev/"u8) && System.Text.Ascii.Equals(path.Slice(4).Span, name))
                return true;
        }

        return false;
    }

    private void AddDevice(LinuxDevice device, string field)
    {
        if (!device.Path.StartsWith("/"u8))
            throw new FaultException(new Fault("must be an absolute path") { Field = $"{field}.path", Value = device.Path.ToString() });
        uint type = device.Type switch
        {
            _ when device.Type.Is("c"u8) || device.Type.Is("u"u8) => Uapi.S_IFCHR,
            _ when device.Type.Is("b"u8) => Uapi.S_IFBLK,
            _ when device.Type.Is("p"u8) => Uapi.S_IFIFO,
            _ => throw new FaultException(new Fault("invalid device type")
            {
                Field = $"{field}.type",
                Value = device.Type.ToString(),
                Hint = "use c, u, b or p",
            }),
        };
        ulong number = 0;
        if (type != Uapi.S_IFIFO)
            number = DeviceNumber(Number(device.Major, $"{field}.major"), Number(device.Minor, $"{field}.minor"));
        uint mode = type | ((device.FileMode ?? 0x1b6) & 0x1ff);
        AddDevice(
            Slot.Rootfs, Paths.InRoot(device.Path).ToString(), device.Path.ToString(), mode, device.Uid ?? 0, device.Gid ?? 0, number, field);
    }

    private static ulong Number(long? number, string field) => number switch
    {
        null => throw new FaultException(new Fault("missing") { Field = field }),
        < 0 or > 0xffffffff => throw new FaultException(new Fault("not a device number") { Field = field, Value = number.ToString() }),
        _ => (ulong)number,
    };

    private void AddDevice(int slot, string path, string host, uint mode, uint uid, uint gid, ulong number, string field)
    {
        DeviceStep* d = Arena.Make<DeviceStep>();
        *d = new DeviceStep
        {
            Path = Arena.Text(Sys.Bytes(path)),
            HostPath = Arena.Text(Sys.Bytes(host)),
            Mode = mode,
            Uid = uid,
            Gid = gid,
            Device = number,
        };
        bool bind = (HasUserNamespace || _request.InUserNamespace) && (mode & Uapi.S_IFMT) != Uapi.S_IFIFO;
        _plan.Add(new Step
        {
            Op = bind ? Op.BindDevice : Op.MakeDevice,
            Field = _plan.Field($"{field} \"{host}\""),
            Slot = slot,
            Data = d,
        });
    }

    private void Links()
    {
        Link("fd"u8, "/proc/self/fd"u8);
        Link("stdin"u8, "/proc/self/fd/0"u8);
        Link("stdout"u8, "/proc/self/fd/1"u8);
        Link("stderr"u8, "/proc/self/fd/2"u8);
        if (_request.HasKcore)
            Link("core"u8, "/proc/kcore"u8);
        Link("ptmx"u8, "pts/ptmx"u8, Op.ReplaceSymlink);
    }

    private void Link(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, Op op = Op.MakeSymlink)
    {
        Step step = TextStep(op, name, "linux.devices");
        step.Slot = Slot.Dev;
        step.Second = Arena.Text(target);
        _plan.Add(step);
    }

    private void Console()
    {
        if (!_config.Process!.Terminal)
            return;
        if (_devIsBind && !_isExec)
            OpenDev();
        ConsoleSize? size = _config.Process.ConsoleSize;
        winsize window = new() { ws_row = size?.Height ?? 0, ws_col = size?.Width ?? 0 };
        _plan.Add(
            Op.OpenConsole,
            "process.terminal",
            number: _isExec ? 1 : 0,
            flags: _config.Process.User?.Uid ?? 0,
            value: window.ws_row != 0 && window.ws_col != 0 ? *(long*)&window : 0);
    }
}
