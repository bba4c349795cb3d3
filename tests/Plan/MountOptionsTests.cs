using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using FsCheck;
using OciRun.Plan;
using OciRun.Tests.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

/// <summary>The option words of mounts; numbers are written out as linux/mount.h has them.</summary>
public sealed class MountOptionsTests
{
    private const ulong AllFlags = 0x3e08dff;
    private const ulong Time = 0x70;

    // Set and cleared MS_* bits.
    private static readonly (string Word, ulong Set, ulong Cleared)[] Flags =
    [
        ("defaults", 0, 0),
        ("ro", 0x1, 0), ("rw", 0, 0x1),
        ("nosuid", 0x2, 0), ("suid", 0, 0x2),
        ("nodev", 0x4, 0), ("dev", 0, 0x4),
        ("noexec", 0x8, 0), ("exec", 0, 0x8),
        ("sync", 0x10, 0), ("async", 0, 0x10),
        ("remount", 0x20, 0),
        ("mand", 0x40, 0), ("nomand", 0, 0x40),
        ("dirsync", 0x80, 0),
        ("nosymfollow", 0x100, 0), ("symfollow", 0, 0x100),
        ("noatime", 0x400, 0), ("atime", 0, 0x400),
        ("nodiratime", 0x800, 0), ("diratime", 0, 0x800),
        ("bind", 0x1000, 0), ("rbind", 0x5000, 0),
        ("silent", 0x8000, 0), ("loud", 0, 0x8000),
        ("relatime", 0x200000, 0), ("norelatime", 0, 0x200000),
        ("iversion", 0x800000, 0), ("noiversion", 0, 0x800000),
        ("strictatime", 0x1000000, 0), ("nostrictatime", 0, 0x1000000),
        ("lazytime", 0x2000000, 0), ("nolazytime", 0, 0x2000000),
    ];

    private static readonly (string Word, ulong Bits)[] Propagations =
    [
        ("unbindable", 0x20000), ("runbindable", 0x24000),
        ("private", 0x40000), ("rprivate", 0x44000),
        ("slave", 0x80000), ("rslave", 0x84000),
        ("shared", 0x100000), ("rshared", 0x104000),
    ];

    // Set and cleared MOUNT_ATTR_* bits. The access-time mode is a field: it is cleared whole and may then be set.
    private static readonly (string Word, ulong Set, ulong Clear)[] Recursives =
    [
        ("rro", 0x1, 0), ("rrw", 0, 0x1),
        ("rnosuid", 0x2, 0), ("rsuid", 0, 0x2),
        ("rnodev", 0x4, 0), ("rdev", 0, 0x4),
        ("rnoexec", 0x8, 0), ("rexec", 0, 0x8),
        ("rnoatime", 0x10, Time), ("ratime", 0, Time),
        ("rrelatime", 0, Time), ("rnorelatime", 0, Time),
        ("rstrictatime", 0x20, Time), ("rnostrictatime", 0, Time),
        ("rnodiratime", 0x80, 0), ("rdiratime", 0, 0x80),
        ("rnosymfollow", 0x200000, 0), ("rsymfollow", 0, 0x200000),
    ];

    private static readonly string[] Superblock = ["rsync", "rasync", "rdirsync", "rmand", "rnomand"];

    private static readonly string[] Links = ["copy-symlink", "src-nofollow", "dest-nofollow"];

    public static TheoryData<string, ulong, ulong> FlagWords() => Data(Flags);

    public static TheoryData<string, ulong, ulong> RecursiveWords() => Data(Recursives);

    public static TheoryData<string, ulong, ulong> PropagationWords() => Data(Propagations.Select(p => (p.Word, p.Bits, 0UL)));

    [Fact]
    public void The_words_are_those_of_the_specification_sorted() =>
        MountOptions.Words().Should().Equal(Flags.Select(f => f.Word).Concat(Propagations.Select(p => p.Word))
            .Concat(Recursives.Select(r => r.Word)).Concat(Superblock).Concat(Links).Concat(["idmap", "ridmap", "tmpcopyup"]).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("size=1m", "size=1m")]
    [InlineData("size=1m,mode=755", "size=1m;mode=755")]
    [InlineData(",a,,b,", "a;b")]
    [InlineData("", "")]
    [InlineData("context=\"u:r:t:s0:c1,c2\",a", "context=\"u:r:t:s0:c1,c2\";a")]
    [InlineData("lowerdir=/a\\,b,c", "lowerdir=/a\\,b;c")]
    public void An_entry_may_hold_several_words_of_the_file_system(string entry, string words) =>
        string.Join(';', Parse(entry).Data).Should().Be(words);

    [Theory]
    [MemberData(nameof(FlagWords))]
    public void A_flag_word_sets_or_clears(string word, ulong set, ulong cleared)
    {
        MountOptions parsed = Parse(word);
        (parsed.Flags, parsed.Cleared).Should().Be((set, cleared));
        parsed.HasFlagWord.Should().Be(word is not ("defaults" or "bind" or "rbind"));
        (parsed.IsBind, parsed.IsRecursive).Should().Be((word is "bind" or "rbind", word == "rbind"));
        (parsed.RecursiveSet | parsed.RecursiveClear).Should().Be(0);
        parsed.Propagation.Should().BeEmpty();
        parsed.Data.Should().BeEmpty();

        // The last word wins.
        MountOptions opposite = Parse(Opposite(set, cleared), word);
        ((opposite.Flags & set) == set && (opposite.Flags & cleared) == 0).Should().BeTrue();
        ((opposite.Cleared & cleared) == cleared && (opposite.Cleared & set) == 0).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(PropagationWords))]
    public void A_propagation_word_is_kept_in_its_place(string word, ulong bits, ulong none)
    {
        none.Should().Be(0);
        MountOptions parsed = Parse("shared", word, "rslave");
        parsed.Propagation.Should().Equal(0x100000, bits, 0x84000);
        (parsed.Flags | parsed.Cleared | parsed.RecursiveSet | parsed.RecursiveClear).Should().Be(0);
        parsed.HasFlagWord.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(RecursiveWords))]
    public void A_recursive_word_sets_or_clears_attributes_of_the_tree(string word, ulong set, ulong clear)
    {
        MountOptions parsed = Parse(word);
        (parsed.RecursiveSet, parsed.RecursiveClear).Should().Be((set, clear));
        (parsed.Flags | parsed.Cleared).Should().Be(0);
        parsed.HasFlagWord.Should().BeFalse();
        parsed.Data.Should().BeEmpty();
        foreach ((string other, ulong _, ulong _) in Recursives)
        {
            MountOptions both = Parse(other, word);
            (both.RecursiveSet & Field(set | clear)).Should().Be(set, $"{other} before {word}");
            (both.RecursiveClear & Field(set | clear)).Should().Be(clear, $"{other} before {word}");
            (both.RecursiveSet & both.RecursiveClear & ~Time).Should().Be(0);
        }
    }

    [Fact]
    public void Recursive_words_add_up()
    {
        MountOptions parsed = Parse("rro", "rnosuid", "rnoatime", "rexec");
        (parsed.RecursiveSet, parsed.RecursiveClear).Should().Be((0x13UL, 0x78UL));
    }

    [Theory]
    [InlineData("rsync")]
    [InlineData("rasync")]
    [InlineData("rdirsync")]
    [InlineData("rmand")]
    [InlineData("rnomand")]
    public void Recursive_words_of_the_superblock_change_nothing(string word)
    {
        MountOptions parsed = Parse("bind", word);
        parsed.HasRecursiveWord.Should().BeTrue();
        (parsed.Flags, parsed.Cleared, parsed.HasFlagWord).Should().Be((0x1000UL, 0UL, false));
        (parsed.RecursiveSet | parsed.RecursiveClear).Should().Be(0);
        parsed.Data.Should().BeEmpty();
    }

    [Theory]
    [InlineData("copy-symlink", true, true, false)]
    [InlineData("src-nofollow", false, true, false)]
    [InlineData("dest-nofollow", false, false, true)]
    [InlineData("defaults", false, false, false)]
    public void Words_about_links_are_no_flags(string word, bool copies, bool source, bool target)
    {
        MountOptions parsed = Parse(word);
        (parsed.CopiesLink, parsed.KeepsSourceLink, parsed.KeepsTargetLink).Should().Be((copies, source, target));
        (parsed.Flags | parsed.Cleared | parsed.RecursiveSet | parsed.RecursiveClear).Should().Be(0);
        (parsed.HasFlagWord, parsed.HasRecursiveWord).Should().Be((false, false));
        parsed.Data.Should().BeEmpty();
    }

    [Fact]
    public void The_last_word_about_a_bit_decides_and_no_bit_is_both_set_and_cleared() =>
        Prop.ForAll(Words, words =>
        {
            MountOptions parsed = Parse(words);
            ulong set = 0;
            ulong cleared = 0;
            foreach (string word in words)
            {
                foreach ((string name, ulong on, ulong off) in Flags)
                {
                    if (!string.Equals(name, word, StringComparison.Ordinal))
                        continue;
                    set = (set | on) & ~off;
                    cleared = (cleared | off) & ~on;
                }
            }

            (parsed.Flags, parsed.Cleared).Should().Be((set, cleared));
            (parsed.Flags & parsed.Cleared).Should().Be(0);
            (parsed.RecursiveSet & parsed.RecursiveClear & ~Time).Should().Be(0);
            ((parsed.RecursiveSet & Time) != 0 && (parsed.RecursiveClear & Time) != Time).Should().BeFalse();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Words_that_nobody_knows_reach_the_file_system_unchanged() =>
        Prop.ForAll(Words, words => Parse(words).Data.Should().Equal(Reading.Texts(words
            .Where(w => !MountOptions.Words().Contains(w, StringComparer.Ordinal))
            .SelectMany(w => w.Split(',', StringSplitOptions.RemoveEmptyEntries)).ToArray())))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Other_words_are_the_file_systems_in_their_order() =>
        Parse("size=1m", "ro", "mode=1777", "Ro", "").Data.Should().Equal(Reading.Texts("size=1m", "mode=1777", "Ro"));

    [Fact]
    public void Tmpcopyup_is_no_word_of_the_file_system()
    {
        MountOptions parsed = Parse("size=1m", "tmpcopyup");
        parsed.CopiesUp.Should().BeTrue();
        parsed.HasFlagWord.Should().BeFalse();
        parsed.Data.Should().Equal(Reading.Texts("size=1m"));
        Parse("size=1m").CopiesUp.Should().BeFalse();
    }

    [Theory]
    [InlineData("idmap", false, "")]
    [InlineData("ridmap", true, "")]
    [InlineData("idmap=uids=0-1-2", false, "uids=0-1-2")]
    [InlineData("ridmap=x", true, "x")]
    public void Words_of_id_maps_are_kept_with_their_text(string word, bool recursive, string text)
    {
        MountOptions parsed = Parse("ro", word);
        (parsed.IdMapIndex, parsed.IdMapIsRecursive, parsed.IdMapText.ToString()).Should().Be((1, recursive, text));
        parsed.Data.Should().BeEmpty();
    }

    [Theory]
    [InlineData("idmapped")]
    [InlineData("rsyncs=1")]
    [InlineData("copy-symlink=1")]
    public void Words_that_only_begin_like_refused_ones_are_the_file_systems(string word) =>
        Parse(word).Data.Should().Equal(Reading.Texts(word));

    [Theory]
    [InlineData(0x1, 0x1)]
    [InlineData(0x2, 0x2)]
    [InlineData(0x4, 0x4)]
    [InlineData(0x8, 0x8)]
    [InlineData(0x100, 0x200000)]
    [InlineData(0x400, 0x10)]
    [InlineData(0x800, 0x80)]
    [InlineData(0x200000, 0)]
    [InlineData(0x1000000, 0x20)]
    [InlineData(0x1000400, 0x20)]
    [InlineData(0x40, 0)]
    [InlineData(0x10, 0)]
    [InlineData(0x5000, 0)]
    public void Flags_have_an_attribute_each(ulong flags, ulong attributes) => MountOptions.Attributes(flags).Should().Be(attributes);

    [Fact]
    public void No_flag_gives_two_values_of_the_access_time_field() =>
        (MountOptions.Attributes(AllFlags) & Time).Should().Be(0x20);

    private static Arbitrary<string[]> Words => Arb.From(Gen.ArrayOf(Gen.Elements(
        MountOptions.Words().Concat(["size=1m", "mode=755", "", "RO", "ro ", "bind,ro", "\u00e9"]).ToArray())));

    // The whole field that bits are of.
    private static ulong Field(ulong bits) => (bits & Time) != 0 ? bits | Time : bits;

    private static string Opposite(ulong set, ulong cleared) =>
        Flags.FirstOrDefault(f => (f.Set, f.Cleared) == (cleared, set)).Word ?? "defaults";

    private static MountOptions Parse(params string[] words) => MountOptions.Parse(Reading.Texts(words));

    private static TheoryData<string, ulong, ulong> Data(IEnumerable<(string Word, ulong Set, ulong Clear)> words)
    {
        TheoryData<string, ulong, ulong> data = [];
        foreach ((string word, ulong set, ulong clear) in words)
            data.Add(word, set, clear);
        return data;
    }
}
