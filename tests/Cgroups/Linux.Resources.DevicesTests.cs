using System;
using System.IO;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Tests.Filters;
using Xunit;

namespace OciRun.Tests.Cgroups;

[Collection("Process")]
public sealed class LinuxResourcesDevicesTests
{
    // Numbers without a driver give ENXIO when they are allowed; the check comes first.
    private static readonly (char Type, uint Major, uint Minor)[] Devices =
    [
        ('c', 1, 3), ('c', 1, 5), ('c', 1, 7), ('c', 1, 8), ('c', 1, 9), ('c', 5, 0), ('c', 10, 200), ('c', 240, 1),
        ('c', 240, 2), ('b', 8, 0), ('b', 240, 1), ('b', 1, 3),
    ];

    [CgroupTheory]
    [InlineData("")]
    [InlineData("-a *:* rwm")]
    [InlineData("+c 240:1 rwm")]
    [InlineData("+b 8:0 rw, -a *:* rwm")]
    [InlineData("-a *:* rwm, +c 240:1 r, +b 240:* rw")]
    [InlineData("-a *:* rwm, +c *:* rwm")]
    [InlineData("+a *:* rwm")]
    [InlineData("+a *:* rwm, -b 8:0 w, -c 240:* rwm")]
    [InlineData("+a *:* rwm, -b *:* m, -c *:1 r")]
    public void Processes_open_what_the_rules_allow(string list)
    {
        using TestCgroup cgroup = new("devices");
        Apply(cgroup, list, isNew: true).Should().BeTrue();
        string folder = Directory.CreateTempSubdirectory("ocirun-test-").FullName;
        try
        {
            DeviceModel model = DeviceModel.Of(DeviceRules.Parse(list))!;
            Probe(cgroup, folder).Should().Equal(Devices.SelectMany(device =>
                new[] { "r", "w", "rw", "m" }.Select(access => Line(device, access, Permits(model, device, access)))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [CgroupFact]
    public void Two_hundred_updates_leave_one_program()
    {
        using TestCgroup cgroup = new();
        Apply(cgroup, "+b 8:0 rw", isNew: true);
        for (int i = 0; i < 200; i++)
            Apply(cgroup, i % 2 == 0 ? "" : "+b 8:1 rw", isNew: false);
        Attached(cgroup).Should().Be(1);
    }

    [CgroupFact]
    public void Several_programs_are_replaced_by_the_new_one()
    {
        using TestCgroup cgroup = new();
        for (int i = 0; i < 3; i++)
            Apply(cgroup, "", isNew: true);
        Attached(cgroup).Should().Be(3);
        Apply(cgroup, "", isNew: false);
        Attached(cgroup).Should().Be(1);
    }

    [CgroupFact]
    public void No_descriptor_is_left_open()
    {
        using TestCgroup cgroup = new();
        Apply(cgroup, "", isNew: true);
        Apply(cgroup, "", isNew: false);
        Directory.GetFiles("/proc/self/fd")
            .Where(fd => new FileInfo(fd).LinkTarget?.Contains("bpf-prog", StringComparison.Ordinal) == true)
            .Should().BeEmpty();
    }

    [CgroupFact]
    public void The_verifiers_complaint_is_part_of_the_error()
    {
        using TestCgroup cgroup = new();
        using Fd fd = Open(cgroup);

        // r0 is never set.
        byte[] program = [Uapi.BPF_EXIT, 0, 0, 0, 0, 0, 0, 0];
        Action apply = () => DeviceController.Apply(fd.Number, program, isNew: true, tolerate: false);
        Fault fault = apply.Should().Throw<FaultException>().Which.Fault;
        fault.Text().Should().Contain("R0 !read_ok").And.Contain("BPF_PROG_LOAD");
    }

    [CgroupFact]
    public void A_directory_that_is_no_cgroup_is_refused_even_when_tolerant()
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, "/tmp"u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY);
        using Fd owned = new(fd);
        Action apply = () => DeviceController.Apply(fd, DeviceProgram.Compile([]), isNew: true, tolerate: true);
        apply.Should().Throw<FaultException>().Which.Fault.Errno.Should().Be(Errno.EBADF);
    }

    private static bool Apply(TestCgroup cgroup, string list, bool isNew)
    {
        using Fd fd = Open(cgroup);
        return DeviceController.Apply(fd.Number, DeviceProgram.Compile(DeviceRules.Parse(list)), isNew, tolerate: false);
    }

    private static int Attached(TestCgroup cgroup)
    {
        using Fd fd = Open(cgroup);
        return DeviceController.Query(fd.Number, new uint[64], out _);
    }

    private static Fd Open(TestCgroup cgroup) =>
        new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(cgroup.Path), Uapi.O_RDONLY | Uapi.O_DIRECTORY));

    private static bool Permits(DeviceModel model, (char Type, uint Major, uint Minor) device, string access) =>
        model.Permits(device.Type, device.Major, device.Minor, access);

    private static string Line((char Type, uint Major, uint Minor) device, string access, bool allowed) =>
        $"{device.Type} {device.Major}:{device.Minor} {access} {(allowed ? "allowed" : "EPERM")}";

    private static string[] Probe(TestCgroup cgroup, string folder)
    {
        StringBuilder script = new(
            "verdict() { case \"$2\" in *'not permitted'*) echo \"$1 EPERM\";; *) echo \"$1 allowed\";; esac; }\n");
        using (TestCgroup free = new("nodes"))
            free.Run(string.Concat(Devices.Select((device, i) => Mknod($"{folder}/{i}", device) + "\n")));
        for (int i = 0; i < Devices.Length; i++)
        {
            string name = $"{Devices[i].Type} {Devices[i].Major}:{Devices[i].Minor}";
            foreach ((string access, string sign) in new[] { ("r", "<"), ("w", ">"), ("rw", "<>") })
                script.Append($"verdict '{name} {access}' \"$( ( : {sign} {folder}/{i} ) 2>&1 )\"\n");
            script.Append($"verdict '{name} m' \"$( {Mknod($"{folder}/new{i}", Devices[i])} 2>&1 )\"\n");
        }

        return cgroup.Run(script.ToString()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Mknod(string path, (char Type, uint Major, uint Minor) device) =>
        $"mknod {path} {device.Type} {device.Major} {device.Minor}";
}
