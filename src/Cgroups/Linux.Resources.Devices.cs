using System;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>Attaches the device program of linux.resources.devices to a cgroup (bpf(2), Linux 4.15).</summary>
internal static unsafe class DeviceController
{
    // The whole union bpf_attr and more, zeroed, for every command: some kernels write to members of BPF_PROG_QUERY
    // behind the size they were given. What an older kernel does not know is zero and so accepted.
    private const int AttrSize = 256;

    // BPF_CGROUP_MAX_PROGS of kernel/bpf/cgroup.c.
    private const int MostPrograms = 64;

    private const int LogSize = 64 << 10;

    /// <summary>
    /// Loads the program and attaches it so that it is the only one attached to this very cgroup; between the old and
    /// the new one there is no moment without.
    /// </summary>
    /// <param name="cgroupFd">The cgroup's directory.</param>
    /// <param name="program">struct bpf_insn array of <see cref="Filters.DeviceProgram"/>.</param>
    /// <param name="isNew">The cgroup was just made, so nothing is attached yet.</param>
    /// <param name="tolerate">
    /// Rootless, in a user namespace, or the rules forbid nothing: a kernel that does not let this process do it
    /// (EPERM, EACCES, ENOSYS) is no error.
    /// </param>
    /// <returns>False when the kernel refused and that was tolerated.</returns>
    /// <exception cref="FaultException">The kernel refuses; a verifier's complaint is part of the message.</exception>
    public static bool Apply(int cgroupFd, ReadOnlySpan<byte> program, bool isNew, bool tolerate)
    {
        int result = Load(program);
        string call = "BPF_PROG_LOAD";
        if (result >= 0)
        {
            using Fd loaded = new(result);
            result = isNew ? Attach(cgroupFd, loaded.Number, -1, out call) : Replace(cgroupFd, loaded.Number, out call);
            if (result >= 0)
                return true;
        }

        if (tolerate && result is -Errno.EPERM or -Errno.EACCES or -Errno.ENOSYS)
            return false;
        string log = call == "BPF_PROG_LOAD" && result is not -Errno.EPERM and not -Errno.ENOSYS ? VerifierLog(program) : "";
        throw new FaultException(new Fault("cannot restrict the devices of the cgroup" + log)
        {
            Field = "linux.resources.devices",
            Syscall = $"bpf {call}",
            Errno = -result,
            Hint = -result switch
            {
                Errno.EPERM or Errno.EACCES => "CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, are needed; try --rootless=true "
                    + "to run without device rules",
                Errno.ENOSYS or Errno.EINVAL => "the kernel needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF",
                Errno.E2BIG => "too many programs are attached to the cgroup",
                _ => null,
            },
        });
    }

    private static int Load(ReadOnlySpan<byte> program)
    {
        int result = Load(program, default);
        if (result != -Errno.EPERM)
            return result;

        // Before Linux 5.11 programs count against RLIMIT_MEMLOCK. The container must not inherit the raised limit.
        rlimit64 old;
        if (Sys.prlimit64(0, Uapi.RLIMIT_MEMLOCK, null, &old) < 0)
            return result;
        rlimit64 raised = new() { rlim_cur = ulong.MaxValue, rlim_max = ulong.MaxValue };
        if (Sys.prlimit64(0, Uapi.RLIMIT_MEMLOCK, &raised, null) < 0)
        {
            raised = old with { rlim_cur = old.rlim_max };
            if (raised.rlim_cur == old.rlim_cur || Sys.prlimit64(0, Uapi.RLIMIT_MEMLOCK, &raised, null) < 0)
                return result;
        }

        result = Load(program, default);
        Sys.prlimit64(0, Uapi.RLIMIT_MEMLOCK, &old, null);
        return result;
    }

    private static int Load(ReadOnlySpan<byte> program, Span<byte> log)
    {
        byte* attr = stackalloc byte[AttrSize];
        new Span<byte>(attr, AttrSize).Clear();
        "ocirun_devices"u8.CopyTo(new Span<byte>(attr + 48, 15));
        fixed (byte* code = program, license = "Apache\0"u8, text = log)
        {
            Put(attr, 0, Uapi.BPF_PROG_TYPE_CGROUP_DEVICE);
            Put(attr, 4, (uint)program.Length / 8);
            Put(attr, 8, code);
            Put(attr, 16, license);
            if (!log.IsEmpty)
            {
                Put(attr, 24, 1);
                Put(attr, 28, (uint)log.Length);
                Put(attr, 32, text);
            }

            return Sys.bpf(Uapi.BPF_PROG_LOAD, attr, AttrSize);
        }
    }

    private static string VerifierLog(ReadOnlySpan<byte> program)
    {
        byte[] log = new byte[LogSize];
        int result = Load(program, log);
        if (result >= 0)
            Sys.close(result);
        int end = Array.IndexOf(log, (byte)0);
        string text = Encoding.UTF8.GetString(log, 0, end < 0 ? log.Length : end).Trim();
        return text.Length == 0 ? "" : $": the verifier says: {text}";
    }

    private static int Replace(int cgroup, int program, out string call)
    {
        Span<uint> ids = stackalloc uint[MostPrograms];
        int count = Query(cgroup, ids, out call);
        if (count < 0)
            return count;
        if (count == 1)
        {
            using Fd old = new(ById(ids[0]));
            int replaced = old.Number < 0 ? old.Number : Attach(cgroup, program, old.Number, out call);
            // The program was detached in between, or the kernel is older than BPF_F_REPLACE (Linux 5.6).
            if (replaced is not -Errno.ENOENT and not -Errno.EINVAL)
                return replaced;
        }

        int result = Attach(cgroup, program, -1, out call);
        for (int i = 0; i < count && result >= 0; i++)
        {
            using Fd old = new(ById(ids[i]));
            result = old.Number < 0 ? old.Number : Detach(cgroup, old.Number, out call);
            if (result == -Errno.ENOENT)
                result = 0;
        }

        return result;
    }

    private static int Attach(int cgroup, int program, int replaced, out string call)
    {
        byte* attr = stackalloc byte[AttrSize];
        new Span<byte>(attr, AttrSize).Clear();
        Put(attr, 0, (uint)cgroup);
        Put(attr, 4, (uint)program);
        Put(attr, 8, Uapi.BPF_CGROUP_DEVICE);
        Put(attr, 12, replaced < 0 ? Uapi.BPF_F_ALLOW_MULTI : Uapi.BPF_F_ALLOW_MULTI | Uapi.BPF_F_REPLACE);
        Put(attr, 16, replaced < 0 ? 0 : (uint)replaced);
        call = "BPF_PROG_ATTACH";
        return Sys.bpf(Uapi.BPF_PROG_ATTACH, attr, AttrSize);
    }

    private static int Detach(int cgroup, int program, out string call)
    {
        byte* attr = stackalloc byte[AttrSize];
        new Span<byte>(attr, AttrSize).Clear();
        Put(attr, 0, (uint)cgroup);
        Put(attr, 4, (uint)program);
        Put(attr, 8, Uapi.BPF_CGROUP_DEVICE);
        call = "BPF_PROG_DETACH";
        return Sys.bpf(Uapi.BPF_PROG_DETACH, attr, AttrSize);
    }

    /// <summary>Ids of the device programs attached to this very cgroup: their number, or a negative errno.</summary>
    internal static int Query(int cgroup, Span<uint> ids, out string call)
    {
        byte* attr = stackalloc byte[AttrSize];
        new Span<byte>(attr, AttrSize).Clear();
        call = "BPF_PROG_QUERY";
        fixed (uint* into = ids)
        {
            Put(attr, 0, (uint)cgroup);
            Put(attr, 4, Uapi.BPF_CGROUP_DEVICE);
            Put(attr, 16, into);
            Put(attr, 24, (uint)ids.Length);
            int result = Sys.bpf(Uapi.BPF_PROG_QUERY, attr, AttrSize);
            return result < 0 ? result : (int)MemoryMarshal.Read<uint>(new ReadOnlySpan<byte>(attr + 24, 4));
        }
    }

    private static int ById(uint id)
    {
        byte* attr = stackalloc byte[AttrSize];
        new Span<byte>(attr, AttrSize).Clear();
        Put(attr, 0, id);
        return Sys.bpf(Uapi.BPF_PROG_GET_FD_BY_ID, attr, AttrSize);
    }

    private static void Put(byte* attr, int at, uint value) => *(uint*)(attr + at) = value;

    private static void Put(byte* attr, int at, void* value) => *(ulong*)(attr + at) = (ulong)value;
}
