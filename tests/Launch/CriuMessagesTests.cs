using System;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

/// <summary>The messages to and from CRIU as bytes: field number and wire type, then the value (protobuf's encoding guide).</summary>
public sealed class CriuMessagesTests
{
    [Fact]
    public void Requests_without_options()
    {
        Hex(CriuRequest.Version()).Should().Be("08-0A");
        Hex(CriuRequest.Features(memoryTracking: true, lazyPages: false)).Should().Be("08-09-2A-02-08-01");
        Hex(CriuRequest.Features(memoryTracking: false, lazyPages: true)).Should().Be("08-09-2A-02-10-01");
        Hex(CriuRequest.Notified(success: true)).Should().Be("08-06-18-01");
        Hex(CriuRequest.Notified(success: false)).Should().Be("08-06-18-00");
    }

    [Fact]
    public void A_request_with_the_fewest_options()
    {
        CriuOptions options = new() { ImagesDirectory = 5, LogFile = "x" };

        // Directory, log level, log file, notifications, cgroups are managed, in the default mode, no empty namespace.
        Hex(CriuRequest.Make(CriuRequestType.Dump, options)).Should().Be("08-01-12-12-08-05-48-04-52-01-78-60-01-C0-01-01-90-02-06-B0-02-00");
    }

    [Fact]
    public void Every_option_has_its_number()
    {
        CriuOptions options = new()
        {
            ImagesDirectory = 5,
            WorkDirectory = 6,
            LogFile = "l",
            ConfigFile = "c",
            Root = "/r",
            Pid = 300,
            LeaveRunning = true,
            ExternalUnixSockets = true,
            TcpEstablished = true,
            TcpSkipInFlight = true,
            TcpClose = true,
            EvasiveDevices = true,
            ShellJob = true,
            FileLocks = true,
            LinkRemap = true,
            PageServer = ("a", 80),
            ParentImages = "p",
            TrackMemory = true,
            AutoDedup = true,
            LazyPages = true,
            StatusFd = 7,
            RestoreSibling = true,
            OrphanPtsMaster = true,
            CgroupMode = CriuCgroupMode.Strict,
            FreezeCgroup = "f",
            EmptyNamespaces = 0x40000000,
            LsmProfile = "b",
            LsmMountContext = "m",
            NetworkLock = CriuNetworkLock.Skip,
        };
        options.ExternalMounts.Add(new CriuPair("k", "v"));
        options.Externals.Add("e");
        options.InheritedFds.Add(("i", 4));
        options.JoinedNamespaces.Add(new CriuPair("n", "s"));
        options.CgroupRoots.Add(new CriuPair("", "g"));
        Hex(options.Fields().ToArray()).Should().Be(string.Join(
            '-',
            "08-05", "10-AC-02", "18-01", "20-01", "28-01", "30-01", "38-01", "40-01", "48-04", "52-01-6C", "5A-05-0A-01-61-10-50", "60-01",
            "6A-02-2F-72", "72-01-70", "78-01", "80-01-01", "88-01-06", "90-01-01", "BA-01-06-0A-01-6B-12-01-76", "C0-01-01",
            "CA-01-05-0A-00-12-01-67", "D0-01-01", "DA-01-05-0A-01-69-10-04", "90-02-05", "AA-02-01-65", "B0-02-80-80-80-80-04",
            "BA-02-06-0A-01-6E-12-01-73", "E2-02-01-66", "F0-02-01", "80-03-01", "88-03-07", "90-03-01", "9A-03-01-63", "A0-03-01",
            "AA-03-01-62", "FA-03-01-6D", "80-04-03"));
    }

    [Fact]
    public void A_failure_says_why()
    {
        CriuResponse response = CriuResponse.Parse([0x08, 0x01, 0x10, 0x00, 0x1a, 0x02, 0x08, 0x01, 0x38, 0x16, 0x4a, 0x02, 0x6e, 0x6f]);
        (response.Type, response.Success, response.Errno, response.Message).Should().Be((CriuRequestType.Dump, false, 22, "no"));
    }

    [Fact]
    public void A_notification_has_a_name_and_a_pid()
    {
        CriuResponse response = CriuResponse.Parse([0x08, 0x06, 0x10, 0x01, 0x2a, 0x06, 0x0a, 0x01, 0x78, 0x10, 0xac, 0x02]);
        (response.Type, response.Success, response.Script, response.Pid).Should().Be((CriuRequestType.Notify, true, "x", 300));
    }

    [Theory]
    [InlineData("08-0A-10-01-52-04-08-03-10-0F", 31500)]
    [InlineData("08-0A-10-01-52-06-08-03-10-0F-20-02", 31502)]
    [InlineData("08-0A-10-01-52-07-08-03-10-0F-1A-01-67", 31600)]
    [InlineData("08-0A-10-00", 0)]
    public void A_version_is_one_number(string bytes, int version) =>
        CriuResponse.Parse(Convert.FromHexString(bytes.Replace("-", ""))).Version.Should().Be(version);

    [Fact]
    public void Features_are_told_apart()
    {
        CriuResponse response = CriuResponse.Parse([0x08, 0x09, 0x10, 0x01, 0x42, 0x06, 0x08, 0x01, 0x10, 0x00, 0x18, 0x01]);
        (response.HasMemoryTracking, response.HasLazyPages).Should().Be((true, false));
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("52-7F")]
    [InlineData("2A-03-0A-09-78")]
    [InlineData("52-04-08-FF-FF-FF")]
    public void What_is_no_message_is_an_error(string bytes)
    {
        Action parse = () => CriuResponse.Parse(Convert.FromHexString(bytes.Replace("-", "")));
        parse.Should().Throw<FaultException>();
    }

    private static string Hex(byte[] bytes) => BitConverter.ToString(bytes);
}
