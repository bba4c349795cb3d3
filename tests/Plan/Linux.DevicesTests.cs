using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Tests.Kernel;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class LinuxDevicesTests
{
    private static readonly string[] Defaults =
    [
        "null 20666 0x103", "zero 20666 0x105", "full 20666 0x107", "random 20666 0x108", "urandom 20666 0x109", "tty 20666 0x500",
    ];

    [Fact]
    public void The_specs_devices_and_links_are_always_there()
    {
        ContainerPlan plan = new Sample().Plan();
        plan.Devices().Should().Equal(Defaults);
        plan.All(Op.MakeDevice).Should().OnlyContain(step => step.Slot == Slot.Dev);
        plan.All(Op.MakeSymlink, Op.ReplaceSymlink).Select(step => $"{Planning.Text(step.Text)} {Planning.Text(step.Second)}").Should().Equal(
            "fd /proc/self/fd", "stdin /proc/self/fd/0", "stdout /proc/self/fd/1", "stderr /proc/self/fd/2",
            "core /proc/kcore", "ptmx pts/ptmx");
    }

    [Fact]
    public void A_kernel_that_does_not_show_its_memory_has_no_link_to_it() =>
        new Sample { Request = r => r with { HasKcore = false } }.Plan().All(Op.MakeSymlink).Should().NotContain(step => Planning.Text(step.Text) == "core");

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev//./x/../null")]
    public void A_default_device_can_be_replaced(string path)
    {
        string[] devices = Devices($$"""{"path": "{{path}}", "type": "c", "major": 1, "minor": 5, "fileMode": 384}""").Plan().Devices();
        devices.Should().Equal([.. Defaults[1..], "dev/null 20600 0x105"]);
    }

    [Fact]
    public void Devices_have_types_modes_and_owners()
    {
        ContainerPlan plan = Devices(
            """{"path": "/dev/a", "type": "u", "major": 10, "minor": 200, "uid": 5, "gid": 6}""",
            """{"path": "/x/b", "type": "b", "major": 259, "minor": 65537, "fileMode": 4294967295}""",
            """{"path": "/../c", "type": "p", "fileMode": 420}""").Plan();
        plan.Devices()[6..].Should().Equal("dev/a 20666 0xac8", "x/b 60777 0x10010301", "c 10644 0x0");
        DeviceStep* first = (DeviceStep*)plan.All(Op.MakeDevice)[6].Data;
        (first->Uid, first->Gid).Should().Be((5U, 6U));
        Planning.Text(first->HostPath).Should().Be("/dev/a");
    }

    [Theory]
    [InlineData("pid mount user", false)]
    [InlineData("pid mount user:/u", false)]
    [InlineData("pid mount", true)]
    public void Inside_a_user_namespace_nodes_are_bound_and_only_fifos_are_made(string namespaces, bool inside)
    {
        ContainerPlan plan = (Devices("""{"path": "/dev/p", "type": "p"}""") with
        {
            Namespaces = namespaces,
            Request = r => r with { InUserNamespace = inside },
        }).Plan();
        plan.All(Op.BindDevice).Should().HaveCount(6);
        plan.All(Op.MakeDevice).Should().ContainSingle();
    }

    [Theory]
    [InlineData("bind")]
    [InlineData("rbind")]
    public void A_dev_of_the_host_is_left_alone(string option)
    {
        Sample sample = new() { Document = $$"""  "mounts": [{"destination": "/dev", "source": "/dev", "options": ["{{option}}"]}] """ };
        ContainerPlan plan = sample.Plan();
        plan.All(Op.OpenDev, Op.MakeDevice, Op.BindDevice, Op.MakeSymlink, Op.ReplaceSymlink).Should().BeEmpty();
        ContainerPlan terminal = (sample with { Process = "\"terminal\": true" }).Plan();
        terminal.Find(Op.OpenDev).Should().BePositive().And.BeLessThan(terminal.Find(Op.OpenConsole));
        terminal.All(Op.MakeDevice, Op.BindDevice, Op.MakeSymlink, Op.ReplaceSymlink).Should().BeEmpty();
    }

    [Fact]
    public void The_last_mount_on_dev_decides()
    {
        const string bind = """{"destination": "/dev", "source": "/dev", "options": ["bind"]}""";
        const string own = """{"destination": "/dev/", "type": "tmpfs", "source": "tmpfs"}""";
        new Sample { Document = $"\"mounts\": [{bind}, {own}]" }.Plan().Devices().Should().Equal(Defaults);
        new Sample { Document = $"\"mounts\": [{own}, {bind}]" }.Plan().Devices().Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"path": "dev/a", "type": "p"}""", "linux.devices[0].path \"dev/a\": must be an absolute path")]
    [InlineData("""{"path": "/dev/a", "type": "a"}""", "linux.devices[0].type \"a\": invalid device type")]
    [InlineData("""{"path": "/dev/a", "type": "c", "minor": 1}""", "linux.devices[0].major: missing")]
    [InlineData("""{"path": "/dev/a", "type": "c", "major": 1}""", "linux.devices[0].minor: missing")]
    [InlineData("""{"path": "/dev/a", "type": "b", "major": -1, "minor": 1}""", "linux.devices[0].major \"-1\": not a device number")]
    public void A_bad_device_is_refused(string device, string refusal) => Devices(device).Refusal().Should().StartWith(refusal);

    [CompilerFact]
    public void Device_numbers_are_those_of_makedev()
    {
        (ulong Major, ulong Minor)[] numbers =
            [(0, 0), (1, 3), (8, 255), (8, 256), (259, 65537), (0xfff, 0xfffff), (0x1000, 0), (0xfffff, 0xffffffff), (0xffffffff, 0x12345678)];
        Dictionary<string, string> expected = CCompiler.Evaluate(
            "#include <sys/sysmacros.h>\n",
            numbers.Select(n => ($"{n.Major}:{n.Minor}", $"makedev({n.Major}u, {n.Minor}u)")));
        foreach ((ulong major, ulong minor) in numbers)
        {
            long value = unchecked((long)Planner.DeviceNumber(major, minor));
            value.ToString(CultureInfo.InvariantCulture).Should().Be(expected[$"{major}:{minor}"], $"{major}:{minor}");
        }
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData(", \"consoleSize\": {\"height\": 24, \"width\": 80}", 24, 80)]
    [InlineData(", \"consoleSize\": {\"height\": 24, \"width\": 0}", 0, 0)]
    public void The_console_has_its_size_and_owner(string size, ushort rows, ushort columns)
    {
        Step step = new Sample { Process = $"\"terminal\": true, \"user\": {{\"uid\": 7}}{size}" }.Plan().One(Op.OpenConsole);
        long value = step.Value;
        winsize window = *(winsize*)&value;
        (window.ws_row, window.ws_col, step.Flags).Should().Be((rows, columns, 7L));
        new Sample { Process = "\"terminal\": false" }.Plan().All(Op.OpenConsole).Should().BeEmpty();
    }

    private static Sample Devices(params string[] devices) => new() { Linux = $"\"devices\": [{string.Join(", ", devices)}]" };
}
