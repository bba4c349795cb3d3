using System.Runtime.InteropServices;

namespace OciRun.Plan;

/// <summary>What a clone of this process needs to become CRIU.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CriuStep
{
    /// <summary>Absolute path of the program.</summary>
    public byte* Path;
    public byte** Argv;
    public byte** Envp;

    /// <summary>Descriptors that become 3 and so on; their own numbers are above all of those.</summary>
    public int* Descriptors;
    public int DescriptorCount;

    /// <summary>Descriptor that becomes 0 to 2, -1 to keep the caller's.</summary>
    public int Stdio;

    /// <summary>
    /// 1 for a cgroup namespace of its own, made when there is something to read from 3: by then the parent has put the
    /// process into the cgroup that is to be its root.
    /// </summary>
    public int OwnCgroupNamespace;

    /// <summary>Shared with the parent: number of the call that failed, and its errno.</summary>
    public int* Failure;
}
