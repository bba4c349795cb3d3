using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using FluentAssertions;

namespace OciRun.Tests.Child;

/// <summary>
/// Reads the machine code of everything the child can reach in the published binary. After clone there is one thread
/// and no runtime to help: whatever allocates, throws, polls for a collection or waits for one must not be there.
/// </summary>
public sealed partial class CompiledChildTests
{
    private static readonly string[] Roots = ["ocirun_OciRun_Child_Executor__Run", "ocirun_OciRun_Child_Exec__Run", "ocirun_OciRun_Child_Holder__Run", "ocirun_OciRun_Child_CriuStart__Run"];

    // The system call and its errno; and the end of a function whose stack guard was overwritten, which does not return.
    private static readonly string[] Allowed = ["syscall", "__errno_location", "RhpFallbackFailFast"];

    [PublishedBinaryFact("nm", "objdump")]
    public void The_child_reaches_nothing_but_itself_and_the_kernel()
    {
        Code code = Code.Read(Published.Binary);
        (HashSet<string> reached, List<string> foreign, List<string> indirect) = code.Walk(Roots);

        reached.Should().Contain(name => name.Contains("MountFilesystem", StringComparison.Ordinal), "the walk covers the steps");
        foreign.Should().BeEmpty();
        indirect.Should().BeEmpty("an indirect call could lead anywhere");
    }

    [PublishedBinaryFact("nm", "objdump")]
    public void The_walk_finds_what_it_looks_for()
    {
        Code code = Code.Read(Published.Binary);
        (_, List<string> foreign, _) = code.Walk(["ocirun_OciRun_Launch_Creation__Clone"]);

        foreign.Should().Contain(edge => edge.Contains("RhpNew", StringComparison.Ordinal), "the parent does allocate");
    }

    private sealed partial class Code
    {
        private readonly SortedList<ulong, string> _symbols = [];
        private readonly Dictionary<string, List<string>> _instructions = new(StringComparer.Ordinal);

        public static Code Read(string binary)
        {
            Code code = new();
            foreach (string line in Output("nm", binary + ".dbg"))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 3 && "tTwW".Contains(words[1], StringComparison.Ordinal))
                    code._symbols.TryAdd(ulong.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), words[2]);
            }

            foreach (string line in Output("objdump", "-d --no-show-raw-insn " + binary))
            {
                Match match = Instruction().Match(line);
                if (!match.Success)
                    continue;
                string owner = code.Owner(match.Groups[1].Value);
                if (!code._instructions.TryGetValue(owner, out List<string>? list))
                    code._instructions.Add(owner, list = []);
                list.Add(match.Groups[2].Value);
            }

            return code;
        }

        public (HashSet<string> Reached, List<string> Foreign, List<string> Indirect) Walk(string[] roots)
        {
            HashSet<string> reached = new(StringComparer.Ordinal);
            Queue<string> open = new(roots);
            List<string> foreign = [];
            List<string> indirect = [];
            while (open.TryDequeue(out string? function))
            {
                _instructions.Should().ContainKey(function, "the function is in the binary");
                if (!reached.Add(function))
                    continue;
                foreach (string instruction in _instructions[function])
                {
                    if (IndirectCall().IsMatch(instruction))
                        indirect.Add($"{function}: {instruction}");
                    Match match = Branch().Match(instruction);
                    string? target = match.Success ? Owner(match.Groups[1].Value) : null;
                    if (target is null || target == function || Allowed.Contains(target))
                        continue;
                    if (target.StartsWith("ocirun_OciRun_Child_", StringComparison.Ordinal)
                        || target.StartsWith("ocirun_OciRun_Kernel_Raw", StringComparison.Ordinal))
                        open.Enqueue(target);
                    else
                        foreign.Add($"{function} -> {target}");
                }
            }

            return (reached, foreign.Distinct(StringComparer.Ordinal).ToList(), indirect);
        }

        private string Owner(string hex)
        {
            ulong address = ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            int low = 0;
            int high = _symbols.Count - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (_symbols.Keys[middle] <= address)
                    low = middle;
                else
                    high = middle - 1;
            }

            return _symbols.Values[low];
        }

        private static IEnumerable<string> Output(string program, string arguments)
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
            while (process.StandardOutput.ReadLine() is { } line)
                yield return line;
            process.WaitForExit();
            process.ExitCode.Should().Be(0, $"{program} must be able to read the binary");
        }

        [GeneratedRegex(@"^\s*([0-9a-f]+):\t(.*)$")]
        private static partial Regex Instruction();

        [GeneratedRegex(@"^(?:addr32 )?(?:call|j[a-z]+)\s+(?:0x)?([0-9a-f]+)\b")]
        private static partial Regex Branch();

        [GeneratedRegex(@"^(?:notrack )?call\s+\*")]
        private static partial Regex IndirectCall();
    }
}
