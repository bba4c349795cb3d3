using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // MINORBITS is 20 and the major has the 12 bits above (linux/kdev_t.h); mknod(2) takes 32 bits.
    private const long LastMajor = (1 << 12) - 1;
    private const long LastMinor = (1 << 20) - 1;

    private void Devices()
    {
        LinuxDevice[] devices = _config.Linux?.Devices ?? [];
        for (int i = 0; i < devices.Length; i++)
        {
            LinuxDevice device = devices[i];
            DeviceType(device, i);
            if (!device.Path.StartsWith("/"u8))
            {
                Add(new Fault(device.Path.IsEmpty ? "missing" : "must be an absolute path")
                {
                    Field = $"linux.devices[{i}].path",
                    Value = device.Path.IsEmpty ? null : Shown(device.Path),
                    Hint = "name the node as the container sees it, such as /dev/fuse",
                });
            }

            // A fifo has no number.
            if (device.Type.Is("p"u8))
                continue;
            DeviceNumber(device.Major, LastMajor, i, "major");
            DeviceNumber(device.Minor, LastMinor, i, "minor");
        }
    }

    private void DeviceType(LinuxDevice device, int index)
    {
        Utf8 type = device.Type;
        if (type.Is("c"u8) || type.Is("u"u8) || type.Is("b"u8) || type.Is("p"u8))
            return;
        Add(new Fault(type.IsNull ? "missing" : "invalid device type")
        {
            Field = $"linux.devices[{index}].type",
            Value = type.IsNull ? null : Shown(type),
            Hint = "use c, u, b or p",
        });
    }

    private void DeviceNumber(long? number, long last, int index, string name)
    {
        if (number is null)
            Add(new Fault("missing") { Field = $"linux.devices[{index}].{name}", Hint = "'ls -l' shows both numbers of a node" });
        else if (number < 0 || number > last)
        {
            Add(new Fault("not a device number")
            {
                Field = $"linux.devices[{index}].{name}",
                Value = number.Value.ToString(),
                Hint = $"use a number from 0 to {last}",
            });
        }
    }
}
