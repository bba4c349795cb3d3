using FluentAssertions;
using OciRun.Kernel;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class RtNetlinkTests
{
    private const byte Permanent = 0x80;

    [Fact]
    public void A_link_has_index_name_and_flags()
    {
        byte[] body =
        [
            0, 0, 1, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
            8, 0, 13, 0, 1, 2, 3, 4,
            7, 0, 3, 0, (byte)'v', (byte)'0', 0, 0,
        ];
        RtNetlink.Link(body).Should().Be(new NetworkLink(7, "v0", 1));
        RtNetlink.Link(body).IsUp.Should().BeTrue();
    }

    [Fact]
    public void A_permanent_global_address_moves()
    {
        NetworkAddress? address = RtNetlink.Address(Address(Permanent, scope: 0, index: 7), 7);
        address.Should().BeEquivalentTo(new NetworkAddress
        {
            Family = 2,
            PrefixLength = 24,
            Flags = Uapi.IFA_F_NOPREFIXROUTE,
            Attributes = [(Uapi.IFA_LOCAL, new byte[] { 10, 1, 0, 1 })],
        });
    }

    [Theory]
    [InlineData(0, 0, 7)]
    [InlineData(Permanent, 253, 7)]
    [InlineData(Permanent, 0, 8)]
    public void Others_stay(byte flags, byte scope, byte index) =>
        RtNetlink.Address(Address(flags, scope, index), 7).Should().BeNull();

    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    [InlineData(200)]
    public void An_attribute_of_a_wrong_length_ends_the_list(byte length)
    {
        NetlinkAttributes attributes = new([length, 0, 3, 0, 1, 2]);
        attributes.Next().Should().BeFalse();
    }

    [Fact]
    public void The_kernel_answers()
    {
        using RtNetlink link = new(new Fd(RtNetlink.Socket()));
        link.Find("lo"u8, out NetworkLink found).Should().Be(0);
        found.Name.Should().Be("lo");
        link.Find("no-such-link"u8, out _).Should().Be(-Errno.ENODEV);
        System.Collections.Generic.List<NetworkLink> links = [];
        link.Links(links).Should().Be(0);
        links.Should().Contain(found);
    }

    // IFA_LOCAL 10.1.0.1, a label, and IFA_FLAGS with the lower bits of the header and IFA_F_NOPREFIXROUTE.
    private static byte[] Address(byte flags, byte scope, byte index) =>
    [
        2, 24, flags, scope, index, 0, 0, 0,
        8, 0, 2, 0, 10, 1, 0, 1,
        7, 0, 3, 0, (byte)'v', (byte)'0', 0, 0,
        8, 0, 8, 0, flags, 2, 0, 0,
    ];
}
